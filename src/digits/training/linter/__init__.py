"""A linter for runs: mistakes in a network, a loss, batches or settings, named before they pass for a bad network.

A check is a function from what it looks at to findings, the same as those of the doctor, which looks at the data.

- `runs`: `RunLinter`, what `digits train` looks at before the first step, after the first epoch, and at the end
- `lint`: `lint_loop`, the same for a training loop of your own
- `losses`: does the loss want the labels, and logits?
- `networks`: are the outputs logits, is evaluation repeatable, is anything mirrored?
- `gradients`: does every weight learn?
- `learning`: the first loss, guessing, and whether one batch can be memorized, at which learning rate
- `batches`: are they shuffled, and are their digits what their labels say?
- `settings`: augmentation that makes other digits
- `probes`: how to look without leaving a trace
"""
