"""Writes published tables, and the report made of them, into files that other programs open.

`command.py` chooses and puts files in place, `tables.py` reads, the other modules each write one kind of
file. No number is computed here: what is not published is not exported.
"""
