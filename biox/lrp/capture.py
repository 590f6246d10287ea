"""Watching the user's model run: operations on tensors that depend on the input get their way back for relevance.

While ``Capture`` is active, each operation of torch passes through it (``torch.overrides.TorchFunctionMode``); the
model itself is unchanged. Operations without a dependent tensor run as ever. The others run with their values unchanged
and link their result to their inputs by an autograd node whose backward pass carries relevance, not a gradient.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from biox.lrp import transforms
from biox.lrp.aliases import finish_augmented, outdate_relatives, relate
from biox.lrp.bounds import carry_bounds, keeps_order
from biox.lrp.composites import Composite, Place
from biox.lrp.errors import UnhandledOperation, operation_name, place_in_user_code, refusal
from biox.lrp.inplace import out_of_place, with_item
from biox.lrp.journal import Journal
from biox.lrp.names import Names
from biox.lrp.silence import awaken
from biox.lrp.tags import INTEGERS, SIGNAL, Back, Link, Tag, silent_before, tensors_in, with_tensors
from biox.lrp.watch import Watch

Handler = Callable[..., Any]
_ATTRIBUTE = "_biox_lrp_tag"


class Capture(TorchFunctionMode):
    """The mode under which the user's model runs once, on ``start(x)``.

    keeps: several passes backwards will follow, so what the layers need for one is kept for the next.
    layers: how many layers with weights have run so far; last: the rank of the model's last one.
    watch: what is asked about layers inside the model.
    journal: where every step is noted, for ``check``.
    """

    def __init__(
        self,
        composite: Composite,
        model: object,
        handlers: Mapping[Any, Handler],
        keeps: bool = False,
        watch: Watch | None = None,
        journal: Journal | None = None,
    ):
        super().__init__()
        self.composite = composite
        self.keeps, self.watch, self.journal = keeps, watch, journal
        self.layers, self.last = 0, 0
        self._handlers, self._own = handlers, dict(composite.operations)
        self.source: Tensor
        parameters = model.parameters() if isinstance(model, nn.Module) else ()
        types = (parameter.dtype for parameter in parameters if parameter.is_floating_point())
        self._type = next(types, torch.get_default_dtype())
        self.name_of = Names(model).of

    def start(self, x: Tensor, bounds: tuple[Tensor, Tensor] | None, positive: bool | None = None) -> Tensor:
        """The tensor to run the model on; the gradient of ``source`` will be its relevance.

        Of a float input, ``source`` is that tensor itself; of integers (tokens, categories), it has a value for each.
        positive: whether it holds no negative value; None: look.
        """
        if not x.is_floating_point():
            self.source = torch.zeros(x.shape, dtype=self._type, device=x.device, requires_grad=True)
            return self.tagged(x.detach().clone(), Tag(self, places=self.source))
        self.source = leaf = (x.clone() if x.is_inference() else x.detach()).requires_grad_()
        positive = bool((leaf >= 0).all()) if positive is None else positive
        return self.tagged(leaf, Tag(self, raw=True, positive=positive, bounds=bounds))

    def release(self) -> None:
        """Let go of what only the passes backwards needed; autograd's nodes would keep it alive for good."""
        del self.source
        if self.watch is not None:
            self.watch.values.clear()

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if not any(self.tag(tensor) for tensor in tensors_in((args, kwargs))):
            if transforms.running() and any(self.tag(tensor) for tensor in transforms.wrapped((args, kwargs))):
                raise transforms.refusal()
            return func(*args, **kwargs)
        func, args, kwargs, target = out_of_place(func, args, kwargs)
        if func is with_item:
            finish_augmented(self.tag, args[0], args[2])
        args, kwargs = with_tensors(args, self.current), with_tensors(kwargs, self.current)
        with torch.inference_mode(False):  # the model may have switched it on, which would cut the way back
            result = self._run(func, args, kwargs)
        if target is None:
            return result
        if result is not target:
            outdate_relatives(self.tag, target)
            setattr(target, _ATTRIBUTE, Tag(self, value=result))
        return target

    def tag(self, tensor: Any) -> Tag | None:
        """What is known of a tensor; None if it does not depend on the input of this call."""
        tag = getattr(tensor, _ATTRIBUTE, None)
        return tag if tag is not None and tag.owner is self else None

    def tagged(self, tensor: Tensor, tag: Tag, given: Sequence[Tensor] = ()) -> Tensor:
        """The tensor with what is known of it; ``given``: dependent tensors that it may share memory with."""
        tag.silent = silent_before(self.tag, given)
        setattr(tensor, _ATTRIBUTE, tag)
        relate(self.tag, tensor, tag, given)
        return tensor

    def link(self, value: Tensor, inputs: tuple[Tensor, ...], back: Back, tag: Tag) -> Tensor:
        """A dependent tensor of this value; ``back`` maps its relevance to that of the inputs."""
        back = back if self.journal is None else self.journal.counted(back)
        tag.silent = silent_before(self.tag, inputs) if tag.silent is None else tag.silent
        with torch.enable_grad():
            linked = Link.apply([value], back, self.keeps, *inputs)
        assert isinstance(linked, Tensor)
        tag.owner, tag.node = self, linked.grad_fn
        setattr(linked, _ATTRIBUTE, tag)
        return linked

    def native(self, func: Any, args: tuple, kwargs: dict, *, raw: bool, positive: bool) -> Any:
        """Run an operation that copies or selects values: its own gradient is the way back of relevance."""
        given = [tensor for tensor in tensors_in((args, kwargs)) if self.tag(tensor)]
        gate = min(tag.gate for tensor in given if (tag := self.tag(tensor)) is not None)
        unit = all(tag.unit for tensor in given if (tag := self.tag(tensor)) is not None)
        args, kwargs = with_tensors((args, kwargs), lambda one: one if self.tag(one) else one.detach())
        with torch.enable_grad():
            result = func(*args, **kwargs)
        for tensor in tensors_in(result):
            if tensor.requires_grad and not any(tensor is one for one in given):
                self.tagged(tensor, Tag(self, tensor.grad_fn, raw, positive, gate=gate, unit=unit), given)
        return result

    def unhandled(self, func: Any, args: tuple, kwargs: dict, *, gate: int = SIGNAL) -> Any:
        """Run an operation without a rule; its result refuses relevance, should any ever arrive there."""
        result, sentence = func(*args, **kwargs), refusal(func)
        if not any(tensor.is_floating_point() or tensor.is_complex() for tensor in tensors_in(result)):
            return result  # a shape, an index, a comparison: nothing that relevance could pass
        if not isinstance(result, Tensor):
            raise UnhandledOperation(sentence)

        def back(relevance: Tensor) -> tuple[Tensor | None, ...]:
            if self.journal is None:
                raise UnhandledOperation(sentence)
            self.journal.note(refused=sentence)
            return (None,) * len(inputs)

        inputs = tuple(tensor for tensor in tensors_in((args, kwargs)) if self.tag(tensor))
        return self.link(result.detach().clone(), inputs, back, Tag(self, gate=gate))

    def blocks(self, kind: str) -> bool:
        """Whether the composite lets nothing pass operations of this kind."""
        return self.composite.rule_for(Place(kind)).blocks

    def decomposed(self, steps: Callable[..., Any], *args: Any) -> Any:
        """Run steps written in torch operations under the capture: how an operation made of others is explained."""
        with self:
            return steps(*args)

    def current(self, tensor: Tensor) -> Tensor:
        """The tensor that stands for this one by now; refuses outdated ones and those made elsewhere."""
        tag = self.tag(tensor)
        if tag is None:
            return tensor
        if tag.stale is not None:
            raise UnhandledOperation(
                f"At {place_in_user_code()} a tensor is used after another view of its memory was overwritten. "
                "Write that statement out of place (y = y + 1 instead of y += 1)."
            )
        if tag.value is not None:
            return self.current(tag.value)
        if tensor.grad_fn is not tag.node:
            raise UnhandledOperation(
                f"The tensor used at {place_in_user_code()} comes from a custom torch.autograd.Function, which "
                "relevance cannot pass. Write its forward pass as an ordinary function of torch operations."
            )
        return tensor

    def _run(self, func: Any, args: tuple, kwargs: dict) -> Any:
        dependent = [tensor for tensor in tensors_in((args, kwargs)) if self.tag(tensor)]
        if not dependent:
            return func(*args, **kwargs)
        integers = [tensor for tensor in dependent if (tag := self.tag(tensor)) is not None and tag.places is not None]
        if integers and len(integers) < len(dependent):  # an index into what depends on the input is a constant
            hidden = {id(tensor) for tensor in integers}
            args, kwargs = with_tensors((args, kwargs), lambda one: one.detach() if id(one) in hidden else one)
        handler = self._handlers.get(INTEGERS if len(integers) == len(dependent) else func)
        if self.journal is not None:
            self.journal.runs(operation_name(func), getattr(handler, "__name__", ""), place_in_user_code())
        if handler is None and self.composite.flow != "relevance":
            return self.native(func, args, kwargs, raw=False, positive=False)
        if handler is None:
            return self.unhandled(func, args, kwargs)
        if func in self._own:  # which may do anything
            awaken(silent_before(self.tag, dependent))
        result = handler(self, func, *args, **kwargs)
        if self.composite.needs_bounds and keeps_order(handler, len(dependent)):
            carry_bounds(self.tag, func, args, kwargs, result)
        return result
