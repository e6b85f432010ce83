"""How declarations are written: documents, problems, expressions, functions, templates and their schemas.

Floor 1: this package imports nothing else of ours. The one fact that it needs from outside, how many decimals a
currency has, is handed in by the caller: ``default_functions(exponent)``.
"""
