"""The environment that holds torch: how it is found and built, and what people are told when it is not there.

No network and no torch: where an installation is built for real, pip installs from an empty list of packages.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from auvae_qgis.environment import base_python, check, commands, diagnostics, find, gpu, install, setup_errors

if sys.version_info >= (3, 11):
    import tomllib

ROOT = Path(__file__).resolve().parent.parent
posix_only = pytest.mark.skipif(os.name == "nt", reason="needs executable bits and shell scripts")


@pytest.fixture
def data_folder(tmp_path, monkeypatch):
    """An installed plugin: no build/worker beside it, and a user's data folder of its own."""
    monkeypatch.delenv("AUVAE_PYTHON", raising=False)
    monkeypatch.setattr(find, "PLUGIN", tmp_path / "plugin")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "data"))
    return find.own_folder()


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def complete(folder: Path, requirements: str = "") -> Path:
    python = program(find.python_in(folder))
    marker = {"requirements": requirements or find.fingerprint()}
    (folder / find.MARKER).write_text(json.dumps(marker), encoding="utf-8")
    return python


# ---- finding


def test_the_python_in_the_settings_comes_before_every_other(data_folder, tmp_path, monkeypatch):
    complete(data_folder)
    monkeypatch.setenv("AUVAE_PYTHON", str(program(tmp_path / "variable" / "python")))
    named = program(tmp_path / "settings" / "python")
    assert find.find_worker_python(str(named)) == find.WorkerPython(str(named))


def test_the_variable_comes_before_the_plugins_own_environment(data_folder, tmp_path, monkeypatch):
    complete(data_folder)
    named = program(tmp_path / "variable" / "python")
    monkeypatch.setenv("AUVAE_PYTHON", str(named))
    assert find.find_worker_python() == find.WorkerPython(str(named))


def test_the_plugins_own_environment_is_found_without_any_setting(data_folder):
    python = complete(data_folder)
    assert find.find_worker_python("") == find.WorkerPython(str(python))


def test_a_checkout_uses_the_environment_that_make_setup_built(data_folder):
    in_checkout = find.PLUGIN / "build" / "worker"
    complete(data_folder)
    python = complete(in_checkout)
    assert find.find_worker_python().path == str(python)


def test_a_virtual_environments_python_is_not_resolved_to_the_one_behind_it(data_folder, tmp_path):
    link = tmp_path / "venv" / "python"
    link.parent.mkdir()
    link.symlink_to(program(tmp_path / "system" / "python"))
    assert find.find_worker_python(str(link)).path == str(link)


@pytest.mark.parametrize("name", ["missing/python", "folder", "plain", "qgis-bin"])
def test_a_wrong_path_in_the_settings_is_named_with_its_remedy_and_not_passed_over(
    data_folder, tmp_path, name
):
    complete(data_folder)
    (tmp_path / "folder").mkdir()
    (tmp_path / "plain").write_text("", encoding="utf-8")
    program(tmp_path / "qgis-bin")
    problem = find.find_worker_python(str(tmp_path / name)).problem
    assert str(tmp_path / name) in problem
    assert find.SET_UP in problem


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("nothing", "not installed yet"),
        ("half-built", "was not finished"),
        ("another version", "another version of this plugin"),
        ("spoilt marker", "another version of this plugin"),
        ("python gone", "is gone"),
    ],
)
def test_an_environment_that_is_not_complete_is_not_used_and_the_user_is_told_what_to_press(
    data_folder, state, said
):
    if state != "nothing":
        python = complete(data_folder, "0" if state == "another version" else "")
    if state == "half-built":
        (data_folder / find.MARKER).unlink()
    if state == "spoilt marker":
        (data_folder / find.MARKER).write_text("[]", encoding="utf-8")
    if state == "python gone":
        python.unlink()
    problem = find.find_worker_python().problem
    assert said in problem
    assert "Plugins > AUVAE Unmixing > Set up" in problem


@pytest.mark.parametrize(
    ("platform", "variable", "folder"),
    [
        ("linux", "XDG_DATA_HOME", "data/auvae-unmixing/worker"),
        ("linux", None, ".local/share/auvae-unmixing/worker"),
        ("darwin", None, "Library/Application Support/auvae-unmixing/worker"),
    ],
)
@posix_only
def test_the_environment_lies_where_each_system_keeps_a_users_data(
    data_folder, tmp_path, monkeypatch, platform, variable, folder
):
    monkeypatch.setattr(sys, "platform", platform)
    if variable is None:
        monkeypatch.delenv("XDG_DATA_HOME")
    assert find.own_folder() == tmp_path / folder


# ---- what an installation will take


@posix_only
def test_the_graphics_card_is_the_one_that_nvidia_smi_lists(tmp_path, monkeypatch):
    script = program(tmp_path / "nvidia-smi")
    script.write_text("#!/bin/sh\necho 'NVIDIA RTX A4000, 550.54.14, 16376'\n", encoding="utf-8")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gpu.detect_gpu() == gpu.Gpu("NVIDIA RTX A4000", "550.54.14", 16.0)


@pytest.mark.parametrize("script", [None, "exit 9", "echo 'No devices were found'"])
@posix_only
def test_without_a_working_driver_there_is_no_graphics_card(tmp_path, monkeypatch, script):
    if script:
        program(tmp_path / "nvidia-smi").write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gpu.detect_gpu() is None


@posix_only
def test_qgis_itself_is_never_taken_for_a_python(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(program(tmp_path / "MacOS" / "QGIS")))
    shipped = program(tmp_path / "MacOS" / "bin" / "python3")
    candidates = base_python._base_candidates()
    assert candidates[0] == str(shipped)
    assert sys.executable not in candidates


@posix_only
def test_a_python_that_is_too_old_is_named_with_its_version(tmp_path, monkeypatch):
    old = program(tmp_path / "python3")
    old.write_text("#!/bin/sh\necho 3 8\n", encoding="utf-8")
    monkeypatch.setattr(base_python, "_base_candidates", lambda: [str(old)])
    with pytest.raises(setup_errors.SetupError, match=r"is Python 3\.8") as caught:
        base_python.base_python()
    assert "3.10" in caught.value.text


# ---- building


def test_an_index_in_the_users_pip_settings_is_the_one_that_is_used(tmp_path):
    for setting in ("global.index-url='https://mirror.example/simple'", ":env:.find-links='wheels'"):
        steps = install.install_commands(tmp_path, f"global.timeout='60'\n{setting}\n")
        assert [step.argv[2] for step in steps] == ["pip"]
        assert not [
            word for step in steps for word in step.argv if word.startswith(("--index", "--extra", "--torch"))
        ]


def test_without_such_settings_the_build_of_torch_is_chosen_after_the_graphics_card(tmp_path):
    steps = install.install_commands(tmp_path, "global.cert='company.pem'\n")
    assert "--torch-backend=auto" in steps[-1].argv


def test_all_but_torch_is_installed_by_hashes_of_the_versions_that_are_pinned(tmp_path):
    first, second = install.install_commands(tmp_path, "")
    assert "--require-hashes" in first.argv
    assert "--only-binary=:all:" in first.argv
    assert "the Python Package Index" in first.text
    assert "PyTorch's own index" in second.text

    def pins(path):
        return set(re.findall(r"(?m)^([a-z0-9-]+==[\d.]+)", path.read_text(encoding="utf-8")))

    hashed = pins(install.HASHED_REQUIREMENTS)
    assert {pin for pin in pins(find.REQUIREMENTS) if not pin.startswith("torch==")} <= hashed
    assert not [pin for pin in hashed if pin.startswith(("torch==", "nvidia-"))]


def test_a_proxy_and_certificate_in_pips_settings_reach_uv_too():
    printed = "global.cert='/etc/company.pem'\nglobal.proxy='http://proxy:3128'\nglobal.timeout='60'\n"
    assert install._network_variables(printed) == {
        "SSL_CERT_FILE": "/etc/company.pem",
        "HTTPS_PROXY": "http://proxy:3128",
    }


def test_a_folder_of_wheels_is_the_only_place_that_is_asked(tmp_path, monkeypatch):
    monkeypatch.setenv("AUVAE_WHEELS", str(tmp_path / "wheels"))
    [step] = install.install_commands(tmp_path, "global.index-url='https://mirror.example/simple'\n")
    assert step.argv[step.argv.index("--no-index") :][:3] == [
        "--no-index",
        "--find-links",
        f"{tmp_path}/wheels",
    ]


def test_the_build_of_torch_follows_the_driver():
    builds = [gpu.torch_build(gpu.Gpu("RTX", driver, 8)) for driver in ("580.65", "572.1", "470")]
    assert builds == ["CUDA 13.0", "CUDA 12.8", "CPU"]
    assert gpu.torch_build(None) == "CPU"


def test_an_environment_is_removed_and_another_folder_is_not(data_folder, tmp_path):
    complete(data_folder)
    (data_folder / "pyvenv.cfg").touch()
    install.remove(data_folder)
    assert list(data_folder.parent.iterdir()) == []
    (tmp_path / "thesis.docx").touch()
    with pytest.raises(setup_errors.SetupError, match="something other"):
        install.remove(tmp_path)
    assert (tmp_path / "thesis.docx").is_file()


def test_diagnostics_name_paths_and_card_and_no_password(data_folder):
    said = ["Looking in https://ann:s3cret@mirror.example/simple", "token=abc123", "ERROR: 403"]
    card = gpu.Gpu("NVIDIA RTX A4000", "550.54.14", 16.0)
    text = diagnostics.diagnostics({"QGIS": "3.22.16"}, None, card, None, said)
    for word in ("QGIS: 3.22.16", str(data_folder), "driver 550.54.14", "not installed yet", "ERROR: 403"):
        assert word in text
    assert "https://***@mirror.example" in text
    assert not any(secret in text for secret in ("s3cret", "ann:", "abc123"))


def test_only_a_developers_environment_gets_test_tools(tmp_path):
    def words(development):
        steps = install.install_commands(tmp_path, "", development=development)
        return [word for step in steps for word in step.argv]

    assert str(install.DEVELOPMENT_REQUIREMENTS) in words(development=True)
    assert str(install.DEVELOPMENT_REQUIREMENTS) not in words(development=False)


@pytest.fixture
def small(tmp_path, monkeypatch):
    """An environment with nothing to install, so that it is built in seconds without a network."""
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("# nothing\n", encoding="utf-8")
    for module in (find, install, check):
        monkeypatch.setattr(module, "REQUIREMENTS", requirements)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setattr(install, "expected_gib", lambda gpu: (0.0, 0.01))
    return requirements


def test_an_environment_is_built_with_progress_and_marked_complete(small, tmp_path):
    folder = tmp_path / "with space and ü" / "worker"
    heard = []
    install.build(folder, lambda fraction, text: heard.append((fraction, text)))
    assert find._own_python(folder).problem == ""
    fractions = [fraction for fraction, _ in heard]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert not (folder / "temporary").exists()


@pytest.fixture
def quick(small, tmp_path, monkeypatch):
    """As `small`, and without pip, which is most of the time that making an environment takes."""
    base = program(tmp_path / "quick" / "python")
    base.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@" --without-pip\n', encoding="utf-8")
    monkeypatch.setattr(install, "base_python", lambda: str(base))


def steps(*code: str):
    return lambda *_, **__: [install.Step(line, [sys.executable, "-c", line]) for line in code]


@posix_only
def test_a_failed_installation_puts_the_earlier_environment_back(quick, tmp_path, monkeypatch):
    folder = tmp_path / "worker"
    complete(folder)
    (folder / "pyvenv.cfg").touch()
    failure = steps("raise SystemExit('ERROR: No matching distribution found for torch')")
    monkeypatch.setattr(install, "install_commands", failure)
    before = sorted(folder.rglob("*"))
    with pytest.raises(setup_errors.SetupError, match="does not exist for this Python"):
        install.build(folder, lambda fraction, text: None)
    assert sorted(folder.rglob("*")) == before
    assert not (tmp_path / "worker.previous").exists()


@posix_only
def test_cancel_stops_an_installation_within_two_seconds_and_leaves_nothing(quick, tmp_path, monkeypatch):
    folder = tmp_path / "worker"
    monkeypatch.setattr(install, "install_commands", steps("import time; time.sleep(60)"))
    asked_at = []

    def report(fraction, text):
        if "sleep" in text:
            asked_at.append(time.monotonic())

    with pytest.raises(setup_errors.SetupCancelled):
        install.build(folder, report, lambda: bool(asked_at))
    assert time.monotonic() - asked_at[0] < 2
    assert not folder.exists()


def test_a_folder_with_something_else_in_it_is_left_alone(small, tmp_path):
    (tmp_path / "thesis.docx").touch()
    with pytest.raises(setup_errors.SetupError, match="something other than a Python environment"):
        install.build(tmp_path, lambda fraction, text: None)
    assert (tmp_path / "thesis.docx").is_file()


def test_too_little_room_is_said_before_anything_is_downloaded(small, tmp_path, monkeypatch):
    monkeypatch.setattr(install, "expected_gib", lambda gpu: (1e6, 1e6))
    with pytest.raises(setup_errors.SetupError, match="GiB left"):
        install.build(tmp_path / "worker", lambda fraction, text: None)


CUT_CONNECTION = (
    "WARNING: Retrying after connection broken by 'ProtocolError('Connection aborted.', RemoteDisconnected("
    "'Remote end closed connection without response'))': /simple/torch/\n"
    "ERROR: Could not find a version that satisfies the requirement torch==2.13.0 (from versions: none)\n"
    "ERROR: No matching distribution found for torch==2.13.0"
)
WRONG_HASH = (
    "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.\n"
    "        Expected sha256 aaaa\n             Got        8a3df80e2b2378aef598a83c1392efd47967afec424"
)


@pytest.mark.parametrize(
    ("printed", "said"),
    [
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
            "disk is full",
        ),
        ("NewConnectionError: [Errno -3] Temporary failure in name resolution", "could not be reached"),
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]", "certificate"),
        ("ProxyError('Cannot connect to proxy.', OSError('Tunnel connection failed: 407", "proxy"),
        ("error: Failed to fetch: dns error: failed to lookup address information", "could not be reached"),
        ("ERROR: No matching distribution found for torch==2.13.0", "does not exist for this Python"),
        ("OSError: [WinError 5] Access is denied: 'c10.dll'", "virus scanner"),
        ("OSError: [WinError 1114] A dynamic link library initialization routine failed", "Visual C++"),
        ("error: command 'gcc' failed: No such file or directory", "no compiler"),
        ("UnicodeEncodeError: 'charmap' codec can't encode character", "outside ASCII"),
        (
            "RuntimeError: The NVIDIA driver on your system is too old (found version 11040)",
            "driver is too old",
        ),
        ("ERROR: Ignored the following versions: 2.13.0 Requires-Python >=3.10", "too new or too old"),
        (CUT_CONNECTION, "connection to the package index was cut"),
        (WRONG_HASH, "its hash is wrong"),
        ("Downloading torch-2.13.0 (180 MB)\nKilled", "memory ran out"),
        (
            "urllib3.exceptions.IncompleteRead: IncompleteRead(5 bytes read, 9 more expected)",
            "Press Install again",
        ),
        ("SSLError(SSLEOFError(8, '[SSL: UNEXPECTED_EOF_WHILE_READING] EOF occurred')", "secure connection"),
        ("something nobody has seen", "something nobody has seen"),
    ],
)
def test_what_an_installer_prints_becomes_one_clear_sentence(printed, said):
    assert said in str(setup_errors.explained(f"Collecting torch\n{printed}"))


# ---- checking


def test_a_python_without_torch_is_reported_with_what_is_missing(tmp_path):
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(bare)], check=True)
    report = check.check_python(str(find.python_in(bare)))
    assert "cannot load defusedxml, h5py, numpy, rasterio, safetensors, scipy, torch" in report.problem


def test_the_python_of_this_environment_is_fit_to_unmix():
    report = check.check_python(sys.executable)
    assert report.problem == ""
    assert 0 < report.seconds < 120  # a tiny scene was unmixed
    assert set(report.versions) == {
        "torch", "numpy", "scipy", "rasterio", "h5py", "defusedxml", "safetensors",
    }  # fmt: skip


@posix_only
def test_a_check_can_be_cancelled(tmp_path):
    script = program(tmp_path / "python")
    script.write_text("#!/bin/sh\nsleep 60\n", encoding="utf-8")
    started = time.monotonic()
    with pytest.raises(setup_errors.SetupCancelled):
        check.check_python(str(script), lambda: True)
    assert time.monotonic() - started < 2


@posix_only
def test_a_graphics_card_that_fails_the_tiny_scene_is_named_with_a_remedy_and_the_processor_stays(tmp_path):
    found = {"python": "3.12.1", "versions": {}, "missing": [], "gpu": "", "trouble": "", "seconds": 1.5}
    found["gpu_trouble"] = "CUDA error: no kernel image is available"
    found["gpu_remedy"] = "Install the environment anew."
    script = program(tmp_path / "python")
    script.write_text(f"#!/bin/sh\necho '{json.dumps(found)}'\n", encoding="utf-8")
    report = check.check_python(str(script))
    assert report.problem == ""
    assert "no kernel image" in report.gpu_problem
    assert "Install the environment anew." in report.gpu_problem
    assert report.gpu == ""


def test_a_path_that_is_no_python_is_reported_and_not_raised(tmp_path):
    assert "is not a Python" in check.check_python(str(tmp_path)).problem


def test_the_worker_gets_nothing_of_what_qgis_sets_for_itself(monkeypatch):
    foreign = {
        "PYTHONHOME": "1",
        "PYTHONPATH": "1",
        "PROJ_LIB": "1",
        "GDAL_DATA": "1",
        "LD_LIBRARY_PATH": "1",
    }
    for name, value in foreign.items():
        monkeypatch.setenv(name, value)
    clean = commands.clean_environment()
    assert not foreign.keys() & clean.keys()
    assert clean["PYTHONNOUSERSITE"] == "1"
    assert clean["PATH"] == os.environ["PATH"]


@posix_only
def test_nothing_in_the_folder_that_qgis_was_started_in_is_run(tmp_path, monkeypatch):
    """It may be a project's, from anywhere; Python, uv and Windows look there first."""
    for name in ("venv.py", "ensurepip.py", "json.py"):
        (tmp_path / name).write_text("open('ran', 'w')", encoding="utf-8")
    program(tmp_path / "nvidia-smi").write_text("#!/bin/sh\ntouch ran\n", encoding="utf-8")
    monkeypatch.setenv("PATH", f".{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)
    base_python.base_python()
    gpu.detect_gpu()
    commands.ask([sys.executable, "-c", "import json"], 10)
    assert not (tmp_path / "ran").exists()
    assert not (ROOT / "model" / "ran").exists()


# ---- pins and ranges


@pytest.mark.skipif(sys.version_info < (3, 11), reason="tomllib came with Python 3.11")
def test_the_pinned_versions_are_those_the_core_says_it_runs_with():
    project = tomllib.loads((ROOT / "model" / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    ranges = {found.name: found.specifier for found in map(Requirement, project["dependencies"])}

    def pins(path):
        lines = path.read_text(encoding="utf-8").splitlines()
        return [Requirement(line.rstrip(" \\")) for line in lines if re.match(r"\w", line)]

    chosen, brought_along = pins(find.REQUIREMENTS), pins(install.HASHED_REQUIREMENTS)
    assert {pin.name for pin in chosen} <= set(ranges) <= {pin.name for pin in [*chosen, *brought_along]}
    for pin in [pin for pin in [*chosen, *brought_along] if pin.name in ranges]:
        version = next(iter(pin.specifier)).version
        assert ranges[pin.name].contains(version), f"{pin.name} {version}"
