"""One verb a file; the only importers of hydra.

verbs.py     what `patronage VERB` does before and around the verb's own file
help.py      what `patronage VERB --help` prints
secrets.py   passwords on the command line, kept out of Hydra's files
failure.py   an error on its way out of Hydra
compose.py   a configuration without a command
"""
