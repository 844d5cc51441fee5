"""Small products with the structure of a sensor's files, after public descriptions: no real one is at hand.

Also a command, for the plugin's tests, whose Python has no h5py: python tests/products.py emit FOLDER
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import h5py
import numpy as np
import rasterio
from auvae.simulation.simulate import spectra
from rasterio.crs import CRS
from rasterio.transform import Affine

ROWS, COLS, MATERIALS = 26, 30, 3
UTM = Affine(30.0, 0.0, 565000.0, 0.0, -30.0, 5340000.0)

# The same, turned by twelve degrees about its corner.
TURNED = Affine(29.3444, -6.2374, 565000.0, -6.2374, -29.3444, 5340000.0)


def reflectances(nm, rows=ROWS, cols=COLS):
    """(rows, cols, bands) reflectance of three materials, mixed at random."""
    draws = np.random.default_rng(5)
    order = np.argsort(nm, kind="stable")
    _, found = spectra(MATERIALS, np.asarray(nm, float)[order], draws)
    endmembers = np.empty_like(found)
    endmembers[:, order] = found
    return draws.dirichlet((0.4,) * MATERIALS, size=(rows, cols)) @ endmembers


def write_image(path, numbers, no_data, transform=UTM):
    """A GeoTIFF as DLR delivers one: int16, no wavelengths, no scale."""
    rows, cols, bands = numbers.shape
    with rasterio.open(
        path, "w", driver="GTiff", width=cols, height=rows, count=bands, dtype="int16", nodata=no_data,
        crs="EPSG:32632", transform=transform,
    ) as raster:  # fmt: skip
        raster.write(np.moveaxis(numbers, -1, 0).astype(np.int16))


def enmap(folder):
    """EnMAP L2A, as the EnMAP-Box reads it (DLR's EN-PCV-ICD-2009-2).

    Bands by wavelength, those of both detectors mingled between 902 and 990 nm; two bands hold only the
    background value; METADATA.XML describes bands and detectors.
    """
    vnir, swir = np.linspace(420, 990, 20), np.linspace(902, 2445, 30)
    nm = np.sort(np.concatenate([vnir, swir]))
    numbers = np.rint(reflectances(nm) * 10000)
    numbers[:, :, np.searchsorted(nm, 1390) : np.searchsorted(nm, 1390) + 2] = -32768
    numbers[:3, :4] = -32768
    stem = "ENMAP01-____L2A-DT0000001867_20220724T104526Z_008_V010302_20230628T165614Z"
    write_image(folder / f"{stem}-SPECTRAL_IMAGE.TIF", numbers, None)
    write_image(folder / f"{stem}-QL_QUALITY_CLOUD.TIF", numbers[..., :1] * 0, None)
    bands = "".join(
        f'<bandID number="{number}"><wavelengthCenterOfBand>{one:.3f}</wavelengthCenterOfBand>'
        f"<FWHMOfBand>{6.5 if one in vnir else 10.1}</FWHMOfBand><GainOfBand>0.0001</GainOfBand>"
        "<OffsetOfBand>0</OffsetOfBand></bandID>"
        for number, one in enumerate(nm, 1)
    )
    listed = {
        name: ",".join(str(number) for number, one in enumerate(nm, 1) if one in part)
        for name, part in (("vnir", vnir), ("swir", swir))
    }
    quality = "".join(
        f"<{name}ProductQuality><expectedChannelsList>{text}</expectedChannelsList></{name}ProductQuality>"
        for name, text in listed.items()
    )
    metadata = folder / f"{stem}-METADATA.XML"
    metadata.write_text(
        '<?xml version="1.0" encoding="UTF-8"?><level_X xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<base><level>ENMAP_L2A</level></base><specific><backgroundValue>-32768</backgroundValue>{quality}"
        f"<bandCharacterisation>{bands}</bandCharacterisation></specific>"
        '<product><bandStatistics><bandID number="1"><mean>1</mean></bandID></bandStatistics></product>'
        "</level_X>",
        encoding="utf-8",
    )
    return metadata


def desis(folder):
    """DESIS L2A, as ACOLITE reads it: bands described twice, once for their geometry."""
    nm = np.linspace(401.5, 999.5, 24)
    numbers = np.rint(reflectances(nm) * 10000)
    numbers[-2:, -5:] = -32768
    stem = "DESIS-HSI-L2A-DT1203190212_025-20191203T021128-V0210"
    image = folder / f"{stem}-SPECTRAL_IMAGE.tif"
    # Orthorectified by rotation to the flight's path, as some deliveries are.
    write_image(image, numbers, -32768, TURNED)
    described = "".join(
        f"<band><bandNumber>{number}</bandNumber><wavelengthCenterOfBand>{one:.2f}</wavelengthCenterOfBand>"
        "<wavelengthWidthOfBand>3.5</wavelengthWidthOfBand><response>0.1,1.0,0.1</response>"
        f"<wavelengths>{one - 3:.1f},{one:.1f},{one + 3:.1f}</wavelengths><gainOfBand>0.0001</gainOfBand>"
        "<offsetOfBand>0</offsetOfBand></band>"
        for number, one in enumerate(nm, 1)
    )
    elsewhere = "".join(f"<band><bandNumber>{number}</bandNumber></band>" for number in range(1, len(nm) + 1))
    (folder / f"{stem}-METADATA.xml").write_text(
        '<?xml version="1.0" encoding="UTF-8"?><hsi_doc><base><productType>L2A</productType></base><specific>'
        f"<bandCharacterisation>{described}</bandCharacterisation>"
        f"<interiorOrientation>{elsewhere}</interiorOrientation></specific></hsi_doc>",
        encoding="utf-8",
    )
    return image


def prisma(folder):
    """PRISMA L2D, as SNAP and prismaread read it (ASI's products specification).

    Cubes (lines, bands, samples), wavelengths falling, VNIR bands that are not delivered with wavelength 0,
    two detectors between 943 and 1010 nm; corners are centres of pixels; 0 beyond the edge; a band that
    atmospheric correction made negative.
    """
    nm = {"Vnir": np.linspace(1010, 402, 22), "Swir": np.linspace(2497, 943, 34)}
    both = reflectances(np.concatenate(list(nm.values())))
    path = folder / "PRS_L2D_STD_20201107101404_20201107101408_0001.he5"
    lows, highs = {"Vnir": 0.0, "Swir": 0.001}, {"Vnir": 1.1, "Swir": 0.9}
    with h5py.File(path, "w") as file:
        fields = file.create_group("HDFEOS/SWATHS/PRS_L2D_HCO/Data Fields")
        file.create_group("HDFEOS/SWATHS/PRS_L2D_PCO/Data Fields")
        for name, cube in (("Vnir", both[..., :22]), ("Swir", both[..., 22:])):
            low, high = lows[name], highs[name]
            stored = np.rint((cube - low) / (high - low) * 65535).clip(1, 65535).astype(np.uint16)
            centres, errors = nm[name].copy(), np.zeros(stored.shape, np.uint8)
            if name == "Vnir":
                # The last three of the list were never lit; nor is what they hold of any use.
                centres = np.concatenate([centres, np.zeros(3)])
                stored = np.concatenate([stored, np.zeros((ROWS, COLS, 3), np.uint16)], axis=-1)
                errors = np.zeros(stored.shape, np.uint8)
            else:
                errors[:, :, 5] = 2
                errors[20, 21, 7] = 1
            stored[:, :4] = 0
            # Bands lie between lines and samples.
            fields.create_dataset(
                f"{name.upper()}_Cube",
                data=np.moveaxis(stored, -1, 1),
                chunks=(8, 4, COLS),
                compression="gzip",
            )
            fields.create_dataset(f"{name.upper()}_PIXEL_L2_ERR_MATRIX", data=np.moveaxis(errors, -1, 1))
            file.attrs[f"List_Cw_{name}"] = centres.astype(np.float32)
            file.attrs[f"List_Fwhm_{name}"] = np.where(centres > 0, 11.0, 0).astype(np.float32)
            file.attrs[f"List_Cw_{name}_Flags"] = (centres > 0).astype(np.uint8)
            file.attrs[f"L2Scale{name}Min"], file.attrs[f"L2Scale{name}Max"] = (
                np.float32(low),
                np.float32(high),
            )
        east, north = 565000.0, 5340000.0
        file.attrs["Product_ULcorner_easting"], file.attrs["Product_ULcorner_northing"] = east, north
        file.attrs["Product_LRcorner_easting"] = east + 30 * (COLS - 1)
        file.attrs["Product_LRcorner_northing"] = north - 30 * (ROWS - 1)
        file.attrs["Epsg_Code"] = np.uint32(32632)
    return path


def emit(folder):
    """EMIT L2A, as NASA's EMIT data resources read it (LP DAAC's user guide): a swath and its lookup table.

    The swath is turned against the map grid, the grid is larger and not reached at its corners.
    """
    nm = np.linspace(381, 2493, 40)
    swath = reflectances(nm).astype(np.float32)
    good = ~(((nm > 1325) & (nm < 1440)) | ((nm > 1770) & (nm < 1965)))
    swath[..., ~good] = -0.01
    swath[2, 3] = -9999
    height, width, size = 40, 44, 0.000542232520256367
    turn = np.radians(20)
    rows, cols = np.mgrid[:height, :width] + 0.5
    x, y = cols - width / 2, rows - height / 2
    sample = np.floor(np.cos(turn) * x + np.sin(turn) * y + COLS / 2).astype(np.int32)
    line = np.floor(np.cos(turn) * y - np.sin(turn) * x + ROWS / 2).astype(np.int32)
    reached = (sample >= 0) & (sample < COLS) & (line >= 0) & (line < ROWS)
    path = folder / "EMIT_L2A_RFL_001_20220815T042838_2222703_003.nc"
    with h5py.File(path, "w") as file:
        file.attrs["geotransform"] = np.array([-115.946, size, -0.0, 33.3866, -0.0, -size])
        file.attrs["spatial_ref"] = CRS.from_epsg(4326).to_wkt()
        cube = file.create_dataset("reflectance", data=swath, chunks=(8, 8, 10), compression="gzip")
        cube.attrs["_FillValue"] = np.array([-9999.0], np.float32)
        bands, location = file.create_group("sensor_band_parameters"), file.create_group("location")
        bands["wavelengths"], bands["fwhm"] = nm.astype(np.float32), np.full(len(nm), 8.5, np.float32)
        bands["good_wavelengths"] = good.astype(np.uint8)
        location["lon"], location["lat"] = np.zeros((ROWS, COLS)), np.zeros((ROWS, COLS))
        # The table counts from 1; 0 is nothing.
        location["glt_x"] = np.where(reached, sample + 1, 0)
        location["glt_y"] = np.where(reached, line + 1, 0)
    return path


def tanager(folder):
    """Tanager, basic: as Planet describes its HDF-EOS files; bands, lines, pixels."""
    nm = np.linspace(380, 2490, 40)
    path = folder / "20250301_143913_32_4001_basic_sr_hdf5.h5"
    cube = np.moveaxis(reflectances(nm), -1, 0).astype(np.float32)
    outside = np.zeros(cube.shape[1:], np.uint8)
    outside[:2] = 1
    cube[:, :2] = -9999
    rows, cols = np.mgrid[: cube.shape[1], : cube.shape[2]]
    good = np.ones(40, np.uint8)
    good[[0, 19]] = 0
    with h5py.File(path, "w") as file:
        fields = file.create_group("HDFEOS/SWATHS/HYP/Data Fields")
        data = fields.create_dataset("surface_reflectance", data=cube)
        data.attrs["wavelengths"], data.attrs["fwhm"] = nm.astype(np.float32), np.full(40, 5.5, np.float32)
        data.attrs["good_wavelengths"], data.attrs["_FillValue"] = good, np.float32(-9999)
        fields["nodata_pixels"] = outside
        places = file.create_group("HDFEOS/SWATHS/HYP/Geolocation Fields")
        places["Latitude"], places["Longitude"] = 48.2 - 0.00027 * rows, 11.8 + 0.0004 * cols
        framing = {"rows": 99, "cols": 77, "epsg_code": 32632, "geotransform": [5e5, 30, 0, 5e6, 0, -30]}
        places.attrs["Planet_Ortho_Framing"] = json.dumps(framing)
    return path


def cube(folder):
    """A cube by CF conventions, bands last, as xarray writes it."""
    nm = np.linspace(400, 2450, 12)
    path = folder / "cube.nc"
    with h5py.File(path, "w") as file:
        data = file.create_dataset("reflectance", data=reflectances(nm, 6, 5).astype(np.float32))
        data.attrs["_FillValue"], data.attrs["grid_mapping"] = np.float32(-9999), "spatial_ref"
        lists = {"y": 48.2 - 0.001 * np.arange(6), "x": 11.8 + 0.001 * np.arange(5), "wavelength": nm}
        units = {"y": "degrees_north", "x": "degrees_east", "wavelength": "nm"}
        for place, (name, values) in enumerate(lists.items()):
            file[name] = values
            file[name].attrs["units"] = units[name]
            file[name].make_scale(name)
            data.dims[place].attach_scale(file[name])
        file["spatial_ref"] = 0
        file["spatial_ref"].attrs["crs_wkt"] = CRS.from_epsg(4326).to_wkt()
    return path


def envi(path, cube, header, interleave="bil"):
    """An ENVI file with a header of one's own, as aeroplanes and drones bring them home."""
    rows, cols, bands = cube.shape
    order = {"bsq": (2, 0, 1), "bil": (0, 2, 1), "bip": (0, 1, 2)}[interleave]
    path.write_bytes(np.ascontiguousarray(cube.transpose(order)).tobytes())
    kinds = {"int16": 2, "float32": 4, "float64": 5, "uint16": 12, "uint8": 1}
    path.with_suffix(".hdr").write_text(
        f"ENVI\nsamples = {cols}\nlines = {rows}\nbands = {bands}\nheader offset = 0\n"
        f"file type = ENVI Standard\ndata type = {kinds[cube.dtype.name]}\ninterleave = {interleave}\n"
        f"byte order = 0\n{header}\n",
        encoding="utf-8",
    )
    return path


if __name__ == "__main__":
    print(globals()[sys.argv[1]](Path(sys.argv[2])))  # noqa: T201 (a command)
