"""The measurements behind every figure in README and docs; ``make bench`` repeats them.

A measurement is a generator of rows. ``python -m benchmarks NAME`` runs it, adds the facts of the machine, writes
``results/NAME.csv`` and brings the tables of the documentation up to date. Results without a module here were recorded
once: the command in each row repeats it.

    __main__.py        the runner
    results.py         the schema of a row, its reader and writer, the facts of the machine
    tables.py          every generated table, declared, and their writer
    verdict.py         what the contest shows, and whether it bears out our claims

  Training
    contest.py         our recipes beside other libraries and the textbook loop, which are in peers/
    accuracy.py        the most accurate recipes
    speed.py           epochs, starts, reading, synthesis: how long they take
    gpu.py             recipes on one GPU
    pens.py            what synthetic handwriting is worth
    personal.py        what fine-tuning on one person's digits gains and forgets
    sources.py         what each source of training digits is worth
    studies.py         the learning curve, ablation and range test of the guide
    sweeping.py        how many trials a sweep finishes in a minute
    tricks.py          which popular tricks help the standard network
    equals.py          how often `digits compare` finds a difference between equals
    exports.py         what each form of a shipped model scores

  Single digits
    reading.py         how well the shipped models read
    corruptions.py     MNIST-C's corruptions, which reading.py uses
    single_digits.py   how well pictures of one digit are read, seen and blind sets
    variants.py        pictures of one digit made of MNIST's, which single_digits.py uses
    hypotheses.py      the weights of the ways to see such a picture, fitted
    writers.py         what digits of one page gain from each other
    labelled.py        how long sets of digits take to convert and examine, and false alarms

  Documents
    handwriting.py     other people's handwriting, which readers are judged by, and its seen and blind halves
    documents.py       how well whole documents are read, beside other readers
    document_peers.py  the other readers, a program of their own
    exams.py           the number on exam pages, by several readers
    finding.py         synthetic documents of layouts and fonts that were held out
    experts.py         the weights of what two networks see on a page, fitted
    judging.py         the judge of marks, fitted
    walls.py           the network that finds walls of cells, trained
    cells.py           how well tables become rows and columns
    fields.py          one number per page, with lists, check digits and ranges
    forms.py           how well printed forms are read
    form_experts.py    the weights of what two networks see in a box, fitted
    keystrokes.py      how many keys a review takes, which forms.py uses

  Service and files from strangers
    service.py         the service, started for a measurement, and requests to it
    serving.py         how many requests the service answers, and how soon
    classroom.py       a class of phones, and a training beside the page
    since.py           reading and the service beside former versions
    attack.py          whether it serves healthy clients beside attackers
    attackers.py       the attackers, each a kind of hostile client
    hostile.py         files built to cost much time or memory
    hostile_models.py  model files that are made to do harm
    mutations.py       what randomly damaged files do
    mutants.py         the damaged files
    mutant_sets.py     sets of digits in every format, to be damaged

  Pictures, and what is shared
    pictures.py        the documentation's pictures of the contest, of synthetic handwriting, of corruptions
    reading_pictures.py  the documentation's pictures of risk against coverage, and of the most confident errors
    page_pictures.py   the documentation's pictures of the web page
    form_pictures.py   the documentation's pictures of the pages for forms
    notebook.py        runs the starter notebook and stores its figures in it
    share.py           runs the Gradio page and the marimo notebook
"""
