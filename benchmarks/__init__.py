"""The measurements behind every figure in README and docs; ``make bench`` repeats them.

A measurement is a generator of rows. ``python -m benchmarks NAME`` runs it, adds the facts of the machine, writes
``results/NAME.csv`` and brings the tables of the documentation up to date. Results without a module here were recorded
once: the command in each row repeats it.

    __main__.py        the runner
    results.py         the schema of a row, its reader and writer, the facts of the machine
    tables.py          every generated table, declared, and their writer
    contest.py         our recipes beside other libraries and the textbook loop, which are in peers/
    verdict.py         what the contest shows, and whether it bears out our claims
    accuracy.py        the most accurate recipes
    speed.py           epochs, starts, reading, synthesis: how long they take
    gpu.py             recipes on one GPU
    pens.py            what synthetic handwriting is worth
    personal.py        what fine-tuning on one person's digits gains and forgets
    reading.py         how well the shipped models read
    corruptions.py     MNIST-C's corruptions, which reading.py uses
    single_digits.py   how well pictures of one digit are read, seen and blind sets
    variants.py        pictures of one digit made of MNIST's, which single_digits.py uses
    hypotheses.py      the weights of the ways to see such a picture, fitted
    sources.py         what each source of training digits is worth
    handwriting.py     other people's handwriting, which readers are judged by, and its seen and blind halves
    documents.py       how well whole documents are read, beside other readers
    document_peers.py  the other readers, a program of their own
    service.py         the service, started for a measurement, and requests to it
    serving.py         how many requests the service answers, and how soon
    attack.py          whether it serves healthy clients beside attackers
    attackers.py       the attackers, each a kind of hostile client
    hostile.py         files built to cost much time or memory
    mutations.py       what randomly damaged files do
    mutants.py         the damaged files
    pictures.py        the documentation's pictures of the contest, of synthetic handwriting, of corruptions
    reading_pictures.py  the documentation's pictures of risk against coverage, and of the most confident errors
    page_pictures.py   the documentation's pictures of the web page
"""
