"""How a run is done: from its inputs to a folder with the trained network and its evaluation. Start with `train`.

- `train`: `train` and `resume`: prepare → fit → evaluate → export
- `inputs`: the data set, personal data, initial model and teacher, and how a resumed run finds them again
- `training_set`: what the network learns from: the split, synthetic digits, simulated photographs, outliers
- `ensembles`: members and teachers as stages of a run, and the order in which they are trained
- `teacher`: the teacher of a run that distils, as a run folder or a recipe
- `stored`: which code a stored configuration may run
- `initial`: the initial model of a run that fine-tunes, and what the run takes over from it
- `finetune`: the comparison before and after fine-tuning
- `evaluate`: scores, temperature and rejection threshold of a trained network
- `folder`: the run folder, which one run at a time writes to
- `artifacts`: the files of a run folder
- `export`: the two model files, ``model.safetensors`` and ``model.onnx``
- `program`, `quantize`, `hub`: other forms of a trained network: a program of `torch.export`, weights of eight bits, a
  folder to share
- `progress`: the progress bar
- `film`: what a page shows of a network while it trains
- `budget`: how many epochs fit into a time
- `result`: `Run`, what a finished run gives back
"""
