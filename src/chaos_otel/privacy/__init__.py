"""What may be stored, for how long, and who may be sent it: redaction, pseudonyms, retention,
consent. Decides, and touches no file.
"""
