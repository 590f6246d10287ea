"""How the samples of a job are cut into shards, so that many machines can explain them.

A shard holds whole batches. What is computed together is then the same however many shards there are, and so is every
bit of the results; with more shards than batches some have no samples.
"""

from biox.core.errors import InputError


def in_shard(samples: int, batch: int, shard: int, shards: int) -> slice:
    """Which of a number of samples, in their order, a shard holds when ``batch`` of them are computed at once.

    Raises InputError where there is no such shard.
    """
    if not 0 <= shard < shards:
        raise InputError(f"There is no shard {shard}; of {shards} ('shards' in the study) the last is {shards - 1}.")
    batches = -(-samples // batch)
    first, after = (-(-batches * one // shards) for one in (shard, shard + 1))
    return slice(first * batch, min(samples, after * batch))
