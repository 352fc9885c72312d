"""What an estate is: the model of an environment file, and how it is found, filled in, read and recorded.

Only declarations and the loading of them may enter: nothing here knows a client, a check or a verdict. One noun a
module; `model` composes them, `loading` reads them from TOML.
"""
