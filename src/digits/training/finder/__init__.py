"""How the network learns that finds digits on a page. Read `loop` first.

- `config`: `FinderConfig`, all settings
- `targets`: what the network shall answer for a document
- `network`: from a picture to answers at every fourth pixel
- `initial`: a trained finder to fine-tune
- `losses`: what is minimized
- `batches`: the documents of each step, made by other processes
- `inputs`: real digits, an initial finder and layouts of your own
- `loop`: `fit_finder`, the training loop
- `run`: `train_finder` and `resume_finder`, a whole run and its folder
- `export`: the model file
"""
