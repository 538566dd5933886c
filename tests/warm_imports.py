"""Imported by the process that all warm ones are forked from, and by nothing else."""

from warm import import_all

import_all()
