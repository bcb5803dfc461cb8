"""Other ways to learn MNIST, each written as its library's own documentation writes it, and none slowed down.

Every module has ``train(dataset, seed)``, which gives

- ``seconds`` from building the model to the end of training, with a look at the validation digits after each epoch;
- ``test_accuracy``, a fraction, the test set opened once after that;
- ``curve``, a mapping an epoch: ``seconds`` since the start and ``validation_accuracy`` then.

All learn from the same 55,000 digits and look at the same 5,000. Pixels are made floats before the clock starts, except
where a library does so while it trains; ours count all of it.
"""
