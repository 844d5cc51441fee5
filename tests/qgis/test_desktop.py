"""The plugin in the real QGIS desktop, under a virtual X server: what the analyst sees and clicks."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path

import pytest

from .conftest import BAD_BANDS, CHECKOUT, MATERIALS, write_scene

pytestmark = [
    pytest.mark.desktop,
    pytest.mark.skipif(
        not (shutil.which("qgis") and shutil.which("xvfb-run")), reason="needs the QGIS desktop and xvfb-run"
    ),
]


@pytest.fixture(scope="module")
def facts(tmp_path_factory, scene_values):
    """What one sitting at the desktop saw."""
    location = importlib.util.spec_from_file_location("screenshot", CHECKOUT / "tools" / "screenshot.py")
    screenshot = importlib.util.module_from_spec(location)
    location.loader.exec_module(screenshot)
    folder = tmp_path_factory.mktemp("desktop")
    scene = write_scene(folder / "cube.img", scene_values)
    done = screenshot.run_desktop(
        Path(__file__).with_name("desktop_promises.py"),
        {"AUVAE_FOLDER": str(folder), "AUVAE_SCENE": str(scene), "AUVAE_ENDMEMBERS": str(MATERIALS)},
        180,
    )
    assert done.returncode == 0, done.stdout
    return json.loads((folder / "facts.json").read_text(encoding="utf-8"))


def test_the_menu_offers_unmixing_spectra_set_up_and_help(facts):
    assert facts["menu"] == [
        "Open hyperspectral image…", "Unmix (AUVAE-Net)…", "Endmember spectra", "Probe pixels", "Set up…",
        "Cluster…", "Help",
    ]  # fmt: skip
    assert facts["tool bar"] == ["Open hyperspectral image…", "Unmix (AUVAE-Net)…", "Probe pixels"]


def test_after_a_run_from_the_toolbox_the_maps_stand_in_order_and_the_image_is_still_chosen(facts):
    assert [layer["name"] for layer in facts["layers"]] == [f"Endmember {n + 1}" for n in range(MATERIALS)]
    assert facts["active"] == "cube"
    assert facts["image in the next dialog"] == "cube"


def test_the_dock_opens_with_the_spectra_in_the_colours_of_the_maps(facts):
    assert not facts["dock at start"]
    seen = facts["after the run"]
    assert seen["visible"]
    assert seen["plotted"]
    assert seen["title"] == "cube"
    assert seen["x"] == "Wavelength (nm)"
    assert "10000" in seen["y"]
    assert seen["colors"] == [layer["color"].lower() for layer in facts["layers"]]
    assert seen["gaps"] == [len(BAD_BANDS)] * MATERIALS
    assert seen["range"] == pytest.approx([400, 2400], abs=0.1)
    assert seen["in front"] == ["Endmember 1"]


def test_a_result_that_is_loaded_draws_the_dock_once(facts):
    assert facts["draws of the dock for a result"] == ["SpectraTab"]


def test_the_window_does_not_wait_while_the_garbage_collector_goes_through_all_of_qgis(facts):
    garbage = facts["garbage"]
    assert garbage["gone through"] < garbage["passed over"]


def test_a_reopened_project_shows_its_spectra_and_the_dock_follows_the_active_layer(facts):
    assert not facts["plotted in an empty project"]
    for moment in ("after reopening", "after picking the second map"):
        assert facts[moment]["plotted"]
        assert facts[moment]["colors"] == facts["after the run"]["colors"]
    assert facts["after picking the second map"]["in front"] == ["Endmember 2"]


def test_a_click_in_a_map_of_any_crs_shows_the_pixel_and_further_ones_are_compared(facts):
    seen = facts["probe"]
    assert seen["pixels"] == [[10, 7], [15, 12]]
    assert seen["sums"] == pytest.approx([1, 1], abs=1e-4)
    assert seen["with spectrum"]
    assert seen["marks"] == 2


def test_the_name_of_the_best_match_reaches_layer_file_and_legend_in_one_click(facts):
    seen = facts["library"]
    assert seen["best"] == [f"Mineral {n + 1}" for n in range(MATERIALS)]
    assert max(seen["angles"]) < 1e-3
    assert (seen["layer"], seen["source"]) == ("Mineral 1", "abundance_Mineral_1.tif")
    assert seen["valid"]
    assert seen["color kept"]
    assert not seen["old file"]
    assert seen["in all layers"] == ["Mineral 1", "Mineral 1"]
    assert seen["legend"] == "Mineral 1"
    assert "already called" in seen["twice refused"]


def test_a_layer_renamed_in_the_tree_offers_to_rename_the_endmember(facts):
    assert facts["renamed in the tree"] == "Lake"


def test_a_result_in_a_temporary_folder_is_offered_to_be_kept(facts):
    assert facts["offered above the map"] == ["Report", "Keep…"]


def test_extracted_endmembers_are_shown_in_the_library(facts):
    assert facts["extracted"]["lines"] == MATERIALS
    assert facts["extracted"]["title"].endswith(".sli")


def test_training_is_heard_while_it_goes_on_and_shown_afterwards(facts):
    assert facts["heard"] == {"scene": 1, "ended": 1}
    assert facts["moving"] >= 1
    assert facts["training kept"]["losses"] == ["Image misfit", "Uncertainty"]
    assert facts["training kept"]["moves"] == MATERIALS
    assert facts["training kept"]["earlier"] >= MATERIALS


def test_the_drop_down_lists_the_results_of_the_project(facts):
    assert facts["results"] == [f"cube, {MATERIALS} endmembers"]


def test_the_plot_follows_a_dark_theme(facts):
    assert max(facts["paper in a dark theme"]) < 100
    assert facts["ink in a dark theme"] == "#e6e6e6"


def test_set_up_says_which_python_is_used(facts):
    assert "Ready" in facts["set-up says"]


def test_cancel_in_the_dialog_stops_within_two_seconds_and_leaves_nothing(facts):
    assert facts["cancel"]["seconds"] < 2
    assert facts["cancel"]["left"] == 0


def test_a_clicked_pixel_goes_with_its_name_into_the_next_dialog(facts):
    assert facts["again"] == {"image": "cube", "places": ["salt"], "endmembers": MATERIALS}


def test_unloading_leaves_nothing_behind(facts):
    assert facts["after unloading"] == {
        "menu": [], "tool bar": [], "dock": False, "windows": 0, "garbage passed over": 0,
        "algorithm": False,
    }  # fmt: skip
