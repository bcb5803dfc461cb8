"""A page in one file: a network to draw for, without Python and without a network connection.

`export` writes the file: the weights of one model, and the modules of the page with those of ``../page`` that they
use. In the browser, ``reading.js`` goes the way of `digits.inference.single_digit`: ``raster.js`` and ``resize.js``
compute what OpenCV does, ``ink.js`` and ``digit.js`` make a digit of a drawing, ``network.js`` runs the network with
``tensors.js`` and ``layers.js``, and ``offline.js`` shows it. ``numbers.js`` holds what Python wrote into the file.
"""
