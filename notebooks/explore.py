# /// script
# requires-python = ">=3.11"
# dependencies = ["digits[train] @ git+https://github.com/digits-mnist/digits", "marimo"]
# ///
"""Turn the knobs of a training and watch the curves: a marimo notebook.

uvx marimo edit --sandbox notebooks/explore.py
"""

import marimo

app = marimo.App(width="medium")


@app.cell
def _():
    import marimo as mo

    import digits
    from digits.data import split
    from digits.evaluation import figures, score
    from digits.training import make_network, predict_logits

    return digits, figures, make_network, mo, predict_logits, score, split


@app.cell
def _(mo):
    mo.md("""
    # What makes a network learn?

    Turn a knob, and the network is trained again, on 5,000 digits: that takes seconds. What you see is measured on
    5,000 others; the test digits stay sealed.
    """)


@app.cell
def _(digits, split):
    mnist = digits.load_mnist()
    rest, validation = split(mnist.train, 5000, seed=0)
    few, _ = split(rest, len(rest) - 5000, seed=0)
    return few, mnist, validation


@app.cell
def _(mo):
    optimizer = mo.ui.dropdown(["adam", "adamw", "muon", "sgd"], value="adam", label="optimizer")
    rate = mo.ui.slider(steps=[1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1], value=1e-3, label="rate", show_value=True)
    units = mo.ui.slider(steps=[16, 32, 64, 128, 256, 512], value=128, label="hidden units", show_value=True)
    dropout = mo.ui.slider(0.0, 0.8, 0.1, value=0.0, label="dropout", show_value=True)
    epochs = mo.ui.slider(1, 20, value=5, label="epochs", show_value=True)
    mo.vstack([optimizer, rate, units, dropout, epochs])
    return dropout, epochs, optimizer, rate, units


@app.cell
def _(digits, dropout, epochs, few, make_network, optimizer, rate, units, validation):
    config = digits.RECIPES["classic"].replace(
        optimizer=optimizer.value, lr=rate.value, muon_lr=rate.value, hidden_sizes=(units.value,),
        dropout=dropout.value, epochs=epochs.value, batch_size=50,
    )  # fmt: skip
    network = make_network(config)
    history = digits.fit(network, few, validation, config)
    return history, network


@app.cell
def _(figures, history):
    figures.loss_curves(history)


@app.cell
def _(figures, mnist, network, predict_logits, score, validation):
    result = score(predict_logits(network, validation), validation.labels)
    figures.confusion(result.confusion, mnist.classes)


@app.cell
def _(mo):
    mo.md("Now change something else: every setting of `digits train --help` is a field of `config`.")


if __name__ == "__main__":
    app.run()
