"""Runs the tests of a build that counts lines and toggles, and prints what they reached of each module.

usage: coverage.py TEST_PROGRAM FOLDER_OF_MODULES FOLDER_FOR_THE_COUNTS

A line is reached if some instance ran it, a bit of a signal if it changed at least twice in some instance: all start at zero,
so one that is always one changes once. The least shares are at the end of
this file; docs/rtl/coverage.md explains what is not reached. Exit code 1: the tests failed, or reached less.
"""

import collections
import os
import pathlib
import re
import shutil
import subprocess
import sys

POINT = re.compile(r"^C '(.*)' (\d+)$")


def read_points(folder):
    """{(file, kind, line, name): the most of a file and an instance}; kind is "line" or "toggle"."""
    points = collections.defaultdict(int)
    for path in sorted(folder.glob("*.dat")):
        for text in path.read_text(errors="replace").splitlines():
            match = POINT.match(text)
            if not match:
                continue
            fields = dict(field.split("\x02", 1) for field in match[1].split("\x01") if "\x02" in field)
            kind = "toggle" if fields["page"].startswith("v_toggle") else "line"
            # A branch of a line tells itself from the line's others by its column and comment.
            name = fields["o"] if kind == "toggle" else f"{fields['o']} {fields['n']}"
            key = (fields["f"], kind, int(fields["l"]), name)
            points[key] = max(points[key], int(match[2]))
    return points


def main(program, modules, folder):
    counts = pathlib.Path(folder)
    shutil.rmtree(counts, ignore_errors=True)
    counts.mkdir(parents=True)
    subprocess.run([program, "--gtest_brief=1"], check=True, env={**os.environ, "PARTITA_RTL_COVERAGE": str(counts)},
                   stdout=subprocess.DEVNULL)
    modules = pathlib.Path(modules).resolve()
    found = collections.defaultdict(lambda: collections.defaultdict(list))
    for (file, kind, line, name), count in read_points(counts).items():
        path = pathlib.Path(file)
        if path.resolve().parent == modules:
            found[path.stem][kind].append((line, name, count))
    missing = sorted({path.stem for path in modules.glob("*.sv") if not path.stem.endswith("_pkg")} - set(found))
    total = {"line": [0, 0], "toggle": [0, 0]}
    print("| module | lines | toggles |\n|---|---:|---:|")
    for module in sorted(found):
        row = []
        for kind in total:
            points = found[module][kind]
            reached = sum(count >= ENOUGH[kind] for _, _, count in points)
            total[kind][0] += reached
            total[kind][1] += len(points)
            row.append(f"{reached} of {len(points)}" if points else "-")
        print(f"| {module} | {row[0]} | {row[1]} |")
    shares = {kind: reached / points for kind, (reached, points) in total.items()}
    print("| **all** | " + " | ".join(f"{total[kind][0]} of {total[kind][1]} ({100 * shares[kind]:.1f} %)" for kind in total) + " |")
    if missing:
        print("\nwithout a line or signal that is counted: " + ", ".join(missing))
    print("\nNot reached:")
    for module in sorted(found):
        for kind in total:
            # The bits of a signal together.
            names = collections.defaultdict(list)
            for line, name, count in sorted(found[module][kind]):
                if count < ENOUGH[kind]:
                    stem = re.sub(r"\[\d+\]", "", name) if kind == "toggle" else name
                    names[line, stem].append(name)
            for (line, stem), bits in names.items():
                print(f"  {module}.sv:{line}: {kind} {stem}" + (f" ({len(bits)} bits)" if len(bits) > 1 else ""))
    return all(shares[kind] >= LEAST[kind] for kind in total)


ENOUGH = {"line": 1, "toggle": 2}
LEAST = {"line": 0.98, "toggle": 0.80}

if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    sys.exit(0 if main(*sys.argv[1:]) else "coverage.py: less is reached than before")
