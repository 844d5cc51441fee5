"""A graphics card where there is none: tensors that say they lie on it, and steps that are recorded.

The processor computes. What a card would refuse is refused: tensors of two devices in one operation, arrays
made of a tensor on the card, random numbers of the processor's generator, and asking a recorded step for a
number. A card that `dies` refuses everything from then on, as one does after a fault.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import torch
import torch._dynamo  # a mode of dispatch loads it, and takes stand-ins in torch.cuda for torch's own
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

CARD, PROCESSOR = torch.device("cuda"), torch.device("cpu")
NAME = "Card of a test"

_ASKS = {"aten._local_scalar_dense.default", "aten.nonzero.default", "aten.equal.default"}
_SHAPES = {"squeeze_", "unsqueeze_", "t_", "transpose_", "detach_"}  # done once, not with every step
_MOVES = {torch.Tensor.to, torch.Tensor.cpu, torch.Tensor.cuda}
_ACROSS = {torch.Tensor.copy_, torch.Tensor.data.__set__, torch.Tensor.__getitem__, torch.Tensor.__setitem__}


class PretendedCard(TorchFunctionMode):
    """Where it is entered there is a card.

    Attributes:
        error: what every use of it raises from now on; None while it works.
        operations: how many it was asked for.
        recorded: how many steps were recorded, and `replayed`, how many recorded ones were taken.
    """

    def __init__(self):
        super().__init__()
        self.error = None
        self.operations = self.recorded = self.replayed = 0

    def dies(self, error):
        """Let every use from now on raise this."""
        self.error = error

    def used(self):
        """Count a use, or refuse it."""
        if self.error is not None:
            raise self.error
        self.operations += 1

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        name = getattr(func, "__name__", "")
        owner = getattr(func, "__self__", None)  # of a property
        if name == "__get__" and owner in _PROPERTIES:
            here = on_card(args[0])
            return _PROPERTIES[owner](here)
        if func is torch.device or name in ("_parse_to", "_has_compatible_shallow_copy_type"):
            return func(*args, **kwargs)
        tensors = [part for part in _leaves((args, kwargs)) if isinstance(part, torch.Tensor)]
        args, wanted = _device(args, kwargs)
        kwargs.pop("pin_memory", None)
        theirs = [on_card(tensor) for tensor in tensors]
        if any(theirs) or wanted == CARD:
            self.used()
        if func in _MOVES:
            return self._moved(func, args, kwargs, wanted)
        if name == "numpy" and any(theirs):
            raise TypeError("can't convert cuda:0 device type tensor to numpy.")
        generator = kwargs.get("generator")
        if wanted == CARD and generator is not None:
            raise RuntimeError("Expected a 'cuda' device type for generator but found 'cpu'")
        here = _there(func, tensors, theirs, wanted)
        if func == torch.Tensor.data.__set__:
            _marked(args[0], here, [])
        return _marked(func(*args, **kwargs), here, tensors)

    def _moved(self, func, args, kwargs, wanted):
        if len(args) > 1 and isinstance(args[1], torch.Tensor):
            wanted = CARD if on_card(args[1]) else PROCESSOR
        wanted = CARD if func is torch.Tensor.cuda else PROCESSOR if func is torch.Tensor.cpu else wanted
        source, before = args[0], on_card(args[0])
        there = before if wanted is None else wanted == CARD
        result = func(*args, **kwargs)
        if there != before and result.data_ptr() == source.data_ptr():
            result = result.clone()
        return _marked(result, there, [])


_PROPERTIES = {
    torch.Tensor.device: lambda here: CARD if here else PROCESSOR,
    torch.Tensor.is_cuda: bool,
}


def on_card(tensor):
    """Whether a tensor says that it lies on the card."""
    with torch._C.DisableTorchFunction():
        return getattr(tensor, "_on_card", False)


def _leaves(value):
    """All that tuples, lists and dictionaries hold, in order; what eigh returns is a tuple too."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (tuple, list)):
        return [leaf for part in value for leaf in _leaves(part)]
    return [value]


def _device(args, kwargs):
    """Arguments without a device that is not there, and the device that they named."""
    wanted = kwargs.get("device")
    places = [
        place
        for place, part in enumerate(args)
        if isinstance(part, torch.device) or (isinstance(part, str) and part in ("cuda", "cpu"))
    ]
    wanted = args[places[0]] if places else wanted
    if wanted is not None and torch.device(wanted).type == "cuda":
        args = tuple(PROCESSOR if place in places else part for place, part in enumerate(args))
        if "device" in kwargs:
            kwargs["device"] = PROCESSOR
        return args, CARD
    return args, None if wanted is None else torch.device(wanted)


def _there(func, tensors, theirs, wanted):
    """Whether a result lies on the card; an error where tensors of both devices meet."""
    if func in _ACROSS:
        if func is torch.Tensor.__getitem__ and not theirs[0] and any(theirs):
            raise RuntimeError("indices should be either on cpu or on the same device as the indexed tensor")
        return theirs[-1] if func == torch.Tensor.data.__set__ else theirs[0]
    if wanted is not None:
        return wanted == CARD
    whole = [here for tensor, here in zip(tensors, theirs, strict=True) if tensor.ndim > 0]
    if any(whole) and not all(whole):
        raise RuntimeError(
            f"Expected all tensors to be on the same device, but found cuda:0 and cpu! ({func})"
        )
    return any(theirs)


def _marked(result, here, given):
    for part in _leaves(result):
        if isinstance(part, torch.Tensor) and (here or not any(part is one for one in given)):
            with torch._C.DisableTorchFunction():
                part._on_card = here
    return result


class _Recorder(TorchDispatchMode):
    """Notes operations, and takes back at the end what they did: to record a step is not to take it."""

    def __init__(self):
        super().__init__()
        self.noted, self.before, self.chance = [], {}, torch.get_rng_state()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if str(func) in _ASKS:
            raise RuntimeError("CUDA error: operation not permitted when stream is capturing")
        for argument, value in zip(func._schema.arguments, args, strict=False):
            if argument.alias_info is not None and argument.alias_info.is_write:
                for tensor in value if isinstance(value, (list, tuple)) else (value,):
                    storage = tensor.untyped_storage()
                    self.before.setdefault(storage.data_ptr(), (storage, storage.clone()))
        result = func(*args, **kwargs)
        self.noted.append((func, args, kwargs, result))
        return result

    def take_back(self):
        for storage, content in self.before.values():
            storage.copy_(content)
        torch.set_rng_state(self.chance)


class _Graph:
    """In the place of torch.cuda.CUDAGraph."""

    def __init__(self):
        self.noted = []

    def replay(self):
        with torch._C.DisableTorchFunction(), torch._C._AutoDispatchBelowAutograd():
            for func, args, kwargs, before in self.noted:
                if any(argument.alias_info for argument in func._schema.arguments):
                    if func._schema.is_mutable and str(func).split(".")[1] not in _SHAPES:
                        func(*args, **kwargs)
                    continue
                again = func(*args, **kwargs)
                for old, new in zip(_leaves(before), _leaves(again), strict=True):
                    if isinstance(old, torch.Tensor) and old.data_ptr() != new.data_ptr():
                        old.copy_(new.reshape(old.shape))


class _Stream:
    """In the place of torch.cuda.Stream and torch.cuda.Event: the processor is never behind."""

    def __init__(self, *_args, **_options):
        pass

    def wait_stream(self, _other):
        pass

    record = synchronize = wait_event = lambda self, *_: None


@contextmanager
def pretended_card(monkeypatch):
    """A computer with a card, for the time of a test."""
    card = PretendedCard()

    @contextmanager
    def graph(graph, **_options):
        recorder = _Recorder()
        try:
            with recorder:
                yield
        finally:
            with torch._C.DisableTorchFunction():
                recorder.take_back()
        graph.noted = recorder.noted
        card.recorded += 1

    class Graph(_Graph):
        def replay(self):
            card.used()
            card.replayed += 1
            super().replay()

    @contextmanager
    def stream(_stream):
        yield

    def used(*_args, **_options):
        card.used()

    def submit(executor, function, *args, submit=ThreadPoolExecutor.submit, **options):
        """What other threads do is done with the card too: a mode is of one thread."""

        def here():
            with card:
                return function(*args, **options)

        return submit(executor, here)

    def parameter(kind, data=None, *args, new=torch.nn.Parameter.__new__, **options):
        """What a parameter is made of no mode sees."""
        made = new(kind, data, *args, **options)
        return made if data is None else _marked(made, on_card(data), [])

    monkeypatch.setattr(torch.nn.Parameter, "__new__", parameter)
    monkeypatch.setattr(ThreadPoolExecutor, "submit", submit)
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    for name, stand_in in {
        "is_available": lambda: True,
        "device_count": lambda: 1,
        "get_device_name": lambda *_: NAME,
        "empty_cache": used,
        "synchronize": used,
        "manual_seed_all": used,
        "manual_seed": used,
        "get_rng_state": lambda *_: torch.get_rng_state(),
        "set_rng_state": used,
        "Stream": _Stream,
        "Event": _Stream,
        "current_stream": _Stream,
        "stream": stream,
        "graph": graph,
        "CUDAGraph": Graph,
    }.items():
        monkeypatch.setattr(torch.cuda, name, stand_in)
    with card:
        yield card
