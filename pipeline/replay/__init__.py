"""The embedded exchange: serves a history folder at a virtual instant in the venues' own wire formats.

Nothing here may import `pipeline.venues` or `pipeline.signals`: an encoder that shared units with its
parser could share its mistakes, and a made world that knew the signals would prove nothing.
"""
