"""The arrays in an HDF5 or netCDF file, with names of axes and attributes. Knows no product."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import h5py
import numpy as np

from .. import files
from . import hdf

# Attributes that the libraries keep for themselves; references in them cannot be compared.
_INTERNAL = (
    "DIMENSION_LIST",
    "REFERENCE_LIST",
    "CLASS",
    "_Netcdf4Dimid",
    "_Netcdf4Coordinates",
    "_nc3_strict",
)
_NOT_A_VARIABLE = "This is a netCDF dimension but not a netCDF variable"
_CLASSIC = (b"CDF\x01", b"CDF\x02")
_MOST_ARRAYS = 20_000
_FIELDS = re.compile(r'DataFieldName="(?P<name>[^"]+)".*?DimList=\((?P<dims>[^)]*)\)', re.DOTALL)


@dataclass
class Array:
    """An array of a file.

    Attributes:
        path: its name with those of its groups, such as "SOAP/Reflectance/Reflectance_Data".
        shape: of all its axes.
        kind: numpy's letter of its type: "f", "i", "u", or another for what holds no numbers.
        dims: the names of its axes, empty where they have none.
        attributes: by name as written.
        data: to be sliced.
    """

    path: str
    shape: tuple[int, ...]
    kind: str
    dims: tuple[str, ...]
    attributes: dict[str, Any]
    data: Any = field(repr=False)

    @property
    def name(self) -> str:
        """Without its groups."""
        return self.path.rsplit("/", 1)[-1]

    @property
    def group(self) -> str:
        """The groups it lies in, empty for the file itself."""
        return self.path.rpartition("/")[0]

    def attribute(self, *names: str) -> Any:
        """The value of the first attribute that is called one of these, whatever its case; None for none."""
        plain = {_plain(key): value for key, value in self.attributes.items()}
        return next((plain[_plain(name)] for name in names if _plain(name) in plain), None)

    def text(self, *names: str) -> str:
        """The same as text, empty for none."""
        value = self.attribute(*names)
        return "" if value is None else hdf.text(value)

    def numbers(self) -> np.ndarray:
        """All its values, of an array that is a list."""
        return hdf.numbers(self.data[()])


@dataclass
class Arrays:
    """All arrays of a file, and the attributes of its groups by path (the file's own by "")."""

    arrays: dict[str, Array]
    groups: dict[str, dict[str, Any]]

    def beside(self, array: Array, name: str) -> Array | None:
        """The array of a name in the groups of another, the nearest group first."""
        group = array.group
        while True:
            found = self.arrays.get(f"{group}/{name}" if group else name)
            if found is not None or not group:
                return found
            group = group.rpartition("/")[0]


@contextmanager
def opened(path: str) -> Iterator[Arrays]:
    """The arrays of a file for as long as it is open; raises SceneError where it is damaged."""
    start = files.read_bytes(path, 4)
    if start in _CLASSIC:
        with _classic(path) as found:
            yield found
        return
    with hdf.opened(path) as file:
        with hdf.in_time():
            found = _of_hdf(file)
        yield found


def is_file_of_arrays(path: str) -> bool:
    """Whether a file is HDF5 or netCDF."""
    return hdf.is_hdf(path) or files.read_bytes(path, 4) in _CLASSIC


def _of_hdf(file: Any) -> Arrays:
    found = Arrays({}, {"": _attributes(file)})
    structure = file.get("HDFEOS INFORMATION/StructMetadata.0")
    axes = _eos_axes(hdf.text(structure[()])) if isinstance(structure, h5py.Dataset) else {}

    def visit(name: str, item: Any) -> None:
        if len(found.arrays) + len(found.groups) > _MOST_ARRAYS:
            raise OSError("more arrays than any product has")
        if isinstance(item, h5py.Dataset):
            dims = _dims(item) or axes.get(name.rsplit("/", 1)[-1], ())
            if len(dims) != item.ndim:
                dims = ("",) * item.ndim
            shape = tuple(int(size) for size in item.shape)
            found.arrays[name] = Array(name, shape, item.dtype.kind, dims, _attributes(item), item)
        else:
            found.groups[name] = _attributes(item)

    file.visititems(visit)
    return found


def _attributes(item: Any) -> dict[str, Any]:
    found = {}
    for key in item.attrs:
        if key not in _INTERNAL:
            try:
                found[str(key)] = item.attrs[key]
            except (OSError, TypeError, ValueError, RuntimeError):
                continue
    return found


def _dims(item: Any) -> tuple[str, ...]:
    """The names of an array's axes; those of a netCDF dimension are the names of what is attached to it."""
    listed = item.attrs.get("_ARRAY_DIMENSIONS")
    if listed is not None and np.size(listed) == item.ndim:
        return tuple(hdf.text(one) for one in np.ravel(listed))
    names = []
    for axis in item.dims:
        name = axis.label
        if not name and len(axis):
            # what is attached has no name where the file is damaged
            name = (axis[0].name or "").rsplit("/", 1)[-1]
        names.append(name)
    if not any(names) and item.ndim == 1 and item.is_scale:
        return (item.name.rsplit("/", 1)[-1],)
    return tuple(names) if any(names) else ()


def _eos_axes(text: str) -> dict[str, tuple[str, ...]]:
    """The axes of HDF-EOS fields as the file's structure lists them, by the name of the field."""
    return {
        match["name"]: tuple(one.strip().strip('"') for one in match["dims"].split(","))
        for match in _FIELDS.finditer(text)
    }


@contextmanager
def _classic(path: str) -> Iterator[Arrays]:
    """A netCDF file of before HDF5."""
    # Imported here: few files need it, and it takes a while.
    from scipy.io import netcdf_file

    with files.local(path) as place, hdf.damage_named(path), warnings.catch_warnings():
        # what is mapped into memory may outlive the file
        warnings.simplefilter("ignore", RuntimeWarning)
        with netcdf_file(place, "r", mmap=isinstance(place, str), maskandscale=False) as file:
            arrays = {}
            for name, held in file.variables.items():
                kind = np.dtype(held.data.dtype).kind
                shape = tuple(int(size) for size in held.shape)
                own = dict(held._attributes)  # noqa: SLF001  the only way to all of them
                arrays[name] = Array(name, shape, kind, tuple(held.dimensions), own, held.data)
            yield Arrays(arrays, {"": dict(file._attributes)})  # noqa: SLF001  as above


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
