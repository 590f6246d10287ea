"""Attribution of a model's output to its input: what the engine (``biox.lrp``) alone does not give."""
