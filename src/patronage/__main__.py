"""`python -m patronage VERB [hydra overrides]`: the `patronage` command."""

from patronage.cli import main

main()
