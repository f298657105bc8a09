"""What look-mutants and table-mutants share: a copy of the tree with all mutants compiled in, and the tests run once for each.

A mutant has a number; `crate::mutant()` says, from a variable of the environment, which one runs. So there is one build
for all of them, and a verdict costs what the tests cost.
"""
import json
import math
import os
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

SWITCH = """
extern crate std;
/// Which mutant runs; 0 is none.
pub(crate) fn mutant() -> u32 {
    static MUTANT: std::sync::OnceLock<u32> = std::sync::OnceLock::new();
    *MUTANT.get_or_init(|| std::env::var("MUTANT").ok().and_then(|number| number.parse().ok()).unwrap_or(0))
}
"""
SOURCE = "crates/oncue-session/src/"
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TREE = os.path.join(ROOT, "target/mutants/tree")
ENVIRONMENT = {
    **os.environ, "CARGO_TARGET_DIR": os.path.join(ROOT, "target/mutants/build"), "CARGO_TERM_COLOR": "never",
    "CARGO_PROFILE_DEV_OPT_LEVEL": "0", "CARGO_PROFILE_DEV_DEBUG": "0", "RUST_BACKTRACE": "0", "RUST_TEST_THREADS": "1",
    # The same stories for every mutant, and no search for the shortest that tells it.
    "PROPTEST_RNG_SEED": "1", "PROPTEST_MAX_SHRINK_ITERS": "0"}


def read(file):
    """A file of oncue-session as it is in the project."""
    with open(os.path.join(ROOT, SOURCE, file)) as source:
        return source.read()


def copy():
    """Makes the copy of the tree, with the switch in it and no mutant."""
    shutil.rmtree(TREE, ignore_errors=True)
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
    for name in files.splitlines():
        if os.path.exists(os.path.join(ROOT, name)):
            os.makedirs(os.path.dirname(os.path.join(TREE, name)), exist_ok=True)
            shutil.copy(os.path.join(ROOT, name), os.path.join(TREE, name))
    write("lib.rs", read("lib.rs") + SWITCH)


def write(file, text):
    """Writes a file of oncue-session in the copy."""
    with open(os.path.join(TREE, SOURCE, file), "w") as source:
        source.write(text)


def edit(file, *changes):
    """Writes a file in the copy with each pattern replaced, which it has once."""
    text = read(file)
    for pattern, replacement in changes:
        text, count = re.subn(pattern, replacement, text, flags=re.S)
        if count != 1:
            raise OSError(f"{file} has no longer just one {pattern!r}")
    write(file, text)


def compile_tests(*names):
    """The test programs of these names in the copy, in their order, and the errors of the compiler."""
    command = ["cargo", "test", "--quiet", "--offline", "--no-run", "--message-format=json", "--package=oncue-session",
               "--package=oncue-trace", "--lib", *(f"--test={name}" for name in names)]
    environment = {**ENVIRONMENT, "RUSTFLAGS": os.environ.get("RUSTFLAGS", "") + " -Awarnings"}
    run = subprocess.run(command, cwd=TREE, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    programs, errors = {}, []
    for line in run.stdout.splitlines():
        said = json.loads(line)
        if said["reason"] == "compiler-artifact" and said["executable"]:
            programs[said["target"]["name"]] = said["executable"], os.path.dirname(said["manifest_path"])
        elif said["reason"] == "compiler-message" and said["message"]["level"] == "error" and said["message"]["spans"]:
            errors.append(said["message"])
    if run.returncode and not errors:
        raise OSError(f"the copy does not build\n{run.stderr}")
    return [programs[name] for name in ("oncue_session", *names) if name in programs], errors


def verdict(programs, number=0):
    """What the tests say of a mutant: `alive`, `caught` or `out of time`."""
    for program, folder, time in programs:
        limited = f'ulimit -t {time}; ulimit -v 1000000; exec "$0" --quiet'
        try:
            ended = subprocess.run(["sh", "-c", limited, program], cwd=folder, env={**ENVIRONMENT, "MUTANT": str(number)},
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60 * time).returncode
        except subprocess.TimeoutExpired:
            return "out of time"
        if ended:
            return "out of time" if ended in (-9, -24) else "caught"  # SIGKILL, SIGXCPU: no processor time is left
    return "alive"


def timed(programs):
    """The programs, each with the seconds of processor that it may take: far more than without any mutant."""
    for program, folder in programs:
        before = os.times().children_user
        if verdict([(program, folder, 600)]) != "alive":
            raise OSError(f"{program} fails without any mutant")
        yield program, folder, 2 + math.ceil(3 * (os.times().children_user - before))


def verdicts(programs, numbers):
    """The verdict of each mutant, as they come, in their order."""
    programs = list(timed(programs))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for count, said in enumerate(pool.map(lambda number: verdict(programs, number), numbers), 1):
            if count % 100 == 0:
                print(f"{count} of {len(numbers)}", flush=True)
            yield said
