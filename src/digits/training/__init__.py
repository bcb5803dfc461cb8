"""From labelled digits to a model file: configuration, augmentation, network, loop, checkpoint, export."""
