"""How one network learns. Read `loop` first; every other file is one idea that it uses.

- `loop`: `fit`, the training loop, from top to bottom
- `networks`: the MLP, the CNN and the ensemble; what turns a configuration into a network; predictions of a network
- `losses`, `optimizers`, `schedules`: what is minimized, by which rule, at which learning rate
- `augmentation`: random distortions of whole batches
- `corruption`: blur, noise, stains and other damage to a share of them
- `sampler`: which digits make up each batch, and which of them fall to this process
- `distributed`: several processes that train one network
- `checkpoint`: the state of an unfinished training, from which it continues bit for bit
- `plugins`: networks, losses and optimizers of your own
- `devices`: the device to train on, and the number format of its matrix products
- `threads`: how many processor threads to train with
"""
