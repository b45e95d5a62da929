# The public surface of the Swift package, one line for a symbol, from the compiler's symbol graphs: `swift.py PACKAGE GRAPHS`.
# Of the generated module only what the package hands on counts.
import json
import re
import sys
from pathlib import Path

package, graphs = Path(sys.argv[1]), Path(sys.argv[2])
exports = [file.read_text() for file in sorted(package.glob("Sources/*/Exports.swift"))]
handed_on = {name for text in exports for name in re.findall(r"^@_exported import \w+ CompletionCoachGenerated\.(\w+)", text, re.M)}
# How objects cross, which no app calls.
crossing = re.compile(r"unsafeFromHandle|noHandle|NoHandle|uniffi|FfiConverter")

lines, undocumented = set(), set()
for graph in sorted(graphs.glob("*.json")):
    content = json.loads(graph.read_text())
    generated = content["module"]["name"] == "CompletionCoachGenerated"
    for symbol in content["symbols"]:
        path = ".".join(symbol["pathComponents"])
        top = symbol["pathComponents"][0].split("(")[0]
        declaration = "".join(part["spelling"] for part in symbol.get("declarationFragments", []))
        if symbol["accessLevel"] not in ("public", "open") or crossing.search(path + declaration) or (generated and top not in handed_on):
            continue
        lines.add(f"{path}\t{' '.join(declaration.split())}")
        if "docComment" not in symbol and not generated and symbol["kind"]["identifier"] != "swift.extension":
            undocumented.add(path)
print("\n".join(sorted(lines)))
# What a protocol asks for is documented there.
missing = sorted(name for name in undocumented if not re.search(r"AsyncIterator|Element|\.(post|next|makeAsyncIterator)\(", name))
if missing:
    sys.exit(f"without documentation: {', '.join(missing)}")
