#!/usr/bin/env python3
"""Training steps, loaders or operators of DistTrain beside those of other programs, in turn, and a table of medians and ratios.

Called by launch/bench --peers, in the virtual environment with the peers. One thread a rank, unless --threads asks for
more of a single one; a single rank is bound to as many cores as it has threads, each of several ranks of DistTrain to
one; torchrun leaves its ranks to the system.
"""
import argparse
import datetime
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
PEERS = HERE / "peers"
# What step_jax.py has.
IN_JAX = ["tiny", "mlp", "cnn", "wide"]
ALL = "all"


class Side:
    """A program and how its steps, its loader's batches or its operators are measured."""

    def __init__(self, name, command, threads=1):
        self.name = name
        self.command = command
        self.environment = dict(os.environ, OMP_NUM_THREADS=str(threads))
        if threads > 1:
            # As many threads as cores, rather than the one that step_jax.py asks for.
            self.environment["XLA_FLAGS"] = ""
        self.times = []
        self.memories = []

    def run(self):
        """The records that the program prints, one a line."""
        done = subprocess.run(self.command, capture_output=True, text=True, env=self.environment)
        lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
        if done.returncode != 0 or not lines:
            sys.exit(f"{' '.join(map(str, self.command))} failed with status {done.returncode}:\n"
                     f"{done.stdout}{done.stderr}")
        return [json.loads(line) for line in lines]

    def measure(self):
        record = self.run()[-1]
        self.times.append(record["step_us"] if "step_us" in record else record["batch_us"])
        self.memories.append(record["peak_memory_mib"])

    @property
    def median(self):
        return statistics.median(self.times)

    @property
    def memory(self):
        return statistics.median(self.memories)


def length(options):
    return ["--seconds", str(options.seconds), *(["--batch", str(options.batch)] if options.batch else [])]


def cpu_sides(workload, ranks, threads, options):
    duration = length(options)
    ours = [options.disttrain, "bench", "step", "--json", "--workload", workload, *duration]
    torch = [PEERS / "step_pytorch.py", workload, *duration]
    if ranks > 1:
        launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(ranks)]
        return [Side("DistTrain", [HERE.parent / "launch" / "mpi", str(ranks), *ours]),
                Side("PyTorch DDP (gloo)", [*launcher, *torch])]
    bound = ["taskset", "-c", f"0-{threads - 1}"] if shutil.which("taskset") else []
    sides = [Side("DistTrain", [*bound, *ours], threads),
             Side("PyTorch", [*bound, sys.executable, *torch], threads)]
    if workload in IN_JAX:
        jax = [sys.executable, PEERS / "step_jax.py", workload, *duration]
        sides.append(Side("JAX (jit)", [*bound, *jax], threads))
    return sides


def cuda_sides(workload, options):
    duration = length(options)
    how = ["--device", "cuda", "--precision", options.precision]
    torch = [sys.executable, PEERS / "step_pytorch.py", workload, *duration, *how]
    return [Side("DistTrain", [options.disttrain, "bench", "step", "--json", "--workload", workload, *duration, *how]),
            Side("PyTorch", [*torch, "--mode", "eager"]),
            Side("torch.compile", [*torch, "--mode", "compile"])]


def loader_sides(augment, options):
    of = ["--image-size", "224", "--augment", augment, *length(options)]
    bound = ["taskset", "-c", "0"] if shutil.which("taskset") else []
    ours = [options.disttrain, "bench", "loader", "--json", "--model", "resnet18", "--data", options.pictures, *of]
    return [Side("DistTrain", [*bound, *ours]),
            Side("torchvision", [*bound, sys.executable, PEERS / "loader_pytorch.py", options.pictures, *of])]


def operator_sides(options):
    how = ["--seconds", str(options.seconds), *(["--only", options.operators] if options.operators != ALL else [])]
    bound = ["taskset", "-c", "0"] if shutil.which("taskset") else []
    return [Side("DistTrain", [*bound, options.disttrain, "bench", "operators", "--json", *how]),
            Side("PyTorch", [*bound, sys.executable, PEERS / "operators_pytorch.py", *how])]


def operator_medians(records):
    """The medians of records of several rounds, by operator and shape: those without and with gradients."""
    times = {}
    for record in records:
        of_operator = times.setdefault((record["operator"], record["shape"]), {})
        for figure in ["us", "gradients_us"]:
            if figure in record:
                of_operator.setdefault(figure, []).append(record[figure])
    return {key: [statistics.median(values) for values in figures.values()] for key, figures in times.items()}


def operator_table(sides, rounds):
    """A line of cells for each operator: both sides' medians, and how many times as much PyTorch's is."""
    records = {side.name: [] for side in sides}
    for number in range(rounds):
        for side in sides:
            print(f"round {number + 1} of {rounds}: operators: {side.name}", file=sys.stderr)
            records[side.name] += side.run()
    ours, theirs = (operator_medians(records[side.name]) for side in sides)
    if ours.keys() != theirs.keys():
        sys.exit(f"the two programs have measured unlike operators: {sorted(ours.keys() ^ theirs.keys())}")
    lines = [["operator", "shape", *[side.name for side in sides], "against PyTorch",
              *[f"{side.name}, with gradients" for side in sides], "against PyTorch"]]
    for (name, shape), medians in ours.items():
        cells = [cell for our, their in zip(medians, theirs[name, shape])
                 for cell in [time(our), time(their), f"{their / our:.2f}×"]]
        lines.append([name, shape, *cells, *[""] * (6 - len(cells))])
    return lines


def time(microseconds):
    return f"{microseconds:,.0f} µs" if microseconds < 10_000 else f"{microseconds / 1000:,.1f} ms"


def table(rows, what, last, value, cell):
    """The rows (title, sides) as lines of cells: medians, and how many times as much the least of the peers is."""
    names = list(dict.fromkeys(side.name for _, sides in rows for side in sides))
    lines = [[what, *names, last]]
    for title, sides in rows:
        medians = {side.name: value(side) for side in sides}
        ours, peers = medians["DistTrain"], [m for name, m in medians.items() if name != "DistTrain"]
        lines.append([title, *(cell(medians[name]) if name in medians else "" for name in names),
                      f"{min(peers) / ours:.2f}×"])
    return lines


def text(lines):
    widths = [max(map(len, column)) for column in zip(*lines)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines)


def markdown(lines):
    rows = ["| " + " | ".join(line) + " |" for line in lines]
    return "\n".join([rows[0], "|---" * len(lines[0]) + "|", *rows[1:]]) + "\n"


def svg(rows):
    """Horizontal bars; those of one row share a scale, since its steps are of one kind."""
    colors = {"DistTrain": "#d62728", "PyTorch": "#7f7f7f", "torchvision": "#7f7f7f", "JAX (jit)": "#c7c7c7"}
    bar, gap, left, length = 16, 14, 150, 420
    parts, y = [], 10
    for title, sides in rows:
        longest = max(side.median for side in sides)
        parts.append(f'<text x="{left - 8}" y="{y + bar * len(sides) / 2 + 4}" text-anchor="end">{title}</text>')
        for side in sides:
            width = max(1, length * side.median / longest)
            parts.append(f'<rect x="{left}" y="{y}" width="{width:.1f}" height="{bar - 2}" '
                         f'fill="{colors.get(side.name, "#9e9e9e")}"/>')
            parts.append(f'<text x="{left + width + 6:.1f}" y="{y + 11}">{side.name} {time(side.median)}</text>')
            y += bar
        y += gap
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + length + 220}" height="{y}" '
            f'font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="white"/>'
            + "".join(parts) + "</svg>\n")


def processor():
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def count(word):
    """A number of 1 or more."""
    if not word.isascii() or not word.isdigit() or int(word) == 0:
        raise argparse.ArgumentTypeError(f"'{word}' is not a number of 1 or more")
    return int(word)


def counts(words):
    return [count(word) for word in words.split(",")]


def thread_counts(words):
    """Numbers of threads for which there are as many cores."""
    numbers, cores = counts(words), os.cpu_count()
    if max(numbers) > cores:
        raise argparse.ArgumentTypeError(f"{max(numbers)} threads are to have as many cores, and there are {cores}")
    return numbers


def duration(word):
    """Seconds, above 0."""
    try:
        seconds = float(word)
    except ValueError:
        seconds = 0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"'{word}' is not a number of seconds above 0")
    return seconds


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--disttrain", type=pathlib.Path, required=True, help="the program")
parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
parser.add_argument("--precision", choices=["float32", "tf32", "bfloat16"], default="float32", help="with cuda")
measured = parser.add_mutually_exclusive_group()
measured.add_argument("--workloads", help="separated by commas")
measured.add_argument("--pictures", type=pathlib.Path, metavar="FOLDER",
                      help="measure loaders of 224×224 pixels, for which FOLDER/train has a folder of pictures for each "
                           "class, rather than steps")
measured.add_argument("--operators", nargs="?", const=ALL, metavar="NAMES",
                      help="measure single operators, all or those named, separated by commas, rather than steps")
parser.add_argument("--ranks", type=counts, default="1,2", help="numbers of ranks, separated by commas; with cpu")
parser.add_argument("--threads", type=thread_counts, default="1",
                    help="numbers of threads of a single rank, separated by commas; with cpu")
parser.add_argument("--batch", type=count, help="samples of each rank in a step (default: the workload's)")
parser.add_argument("--rounds", type=count, default=3, help="how often each side is measured")
parser.add_argument("--seconds", type=duration, help="how long each time (default: 4, for each time of an operator 0.2)")
parser.add_argument("--markdown", type=pathlib.Path, help="write the table here, too")
parser.add_argument("--svg", type=pathlib.Path, help="write a bar chart here")
options = parser.parse_args()
options.seconds = options.seconds or (0.2 if options.operators else 4)
if options.operators and (options.device == "cuda" or options.batch or options.svg):
    parser.error("--operators takes no --batch, no --svg and no --device cuda")

names = (options.workloads or ("tiny,mlp,cnn,wide,vit" + (",deep,resnet18" if options.device == "cuda" else ""))).split(",")
batch = f", batch {options.batch}" if options.batch else ""
rows = []
if options.operators:
    tables = [operator_table(operator_sides(options), options.rounds)]
elif options.pictures:
    rows = [(f"{what} of pictures{batch}", loader_sides(augment, options))
            for what, augment in [("parts", "crop"), ("middles", "none")]]
elif options.device == "cuda":
    rows = [(f"{name}, {options.precision}{batch}", cuda_sides(name, options)) for name in names]
else:
    rows = [(f"{name}, {ranks} rank{'s' if ranks > 1 else ''}" + (f", {threads} threads" if threads > 1 else "")
             + batch,
             cpu_sides(name, ranks, threads, options))
            for ranks in options.ranks for name in names
            for threads in (options.threads if ranks == 1 else [1])]
for number in range(options.rounds):
    for title, sides in rows:
        for side in sides:
            print(f"round {number + 1} of {options.rounds}: {title}: {side.name}", file=sys.stderr)
            side.measure()

if rows:
    tables = [
        table(rows, "batch" if options.pictures else "step", "against the fastest peer", lambda side: side.median, time),
        table(rows, "most memory of rank 0", "against the smallest peer", lambda side: side.memory,
              lambda m: f"{m:.0f} MiB"),
    ]
head = f"{processor()}, {os.cpu_count()} cores, {datetime.date.today()}; medians of {options.rounds}."
print("\n\n".join([head, *map(text, tables)]))
if options.markdown:
    options.markdown.write_text("\n".join([f"{head}\n", *map(markdown, tables)]))
if options.svg:
    options.svg.write_text(svg(rows))
