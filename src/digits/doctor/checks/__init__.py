"""What is looked for in a data set: one file per kind of finding, each with a function that gives its findings.

Of each part: `amount`, `blank`, `greys`, `polarity`, `orientation`, `placement`, `classes`, `meanings` of labels and
`label_noise`. Of the set as a whole: `copies`, `near_copies`, what it shares with `mnist`, and what its
`picture_files` show at full size.

A new check is a function in a file of its own, named in `PART_CHECKS` or `SET_CHECKS`.
"""
