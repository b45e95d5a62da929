# The public surface of the Swift package, from the compiler's symbol graphs: `swift.py PACKAGE GRAPHS`. One line for a symbol, and one for the
# protocols that a type conforms to. Of the generated module only what the package hands on counts.
import json
import re
import sys
from collections import defaultdict
from pathlib import Path

package, graphs = Path(sys.argv[1]), Path(sys.argv[2])
exports = [file.read_text() for file in sorted(package.glob("Sources/*/Exports.swift"))]
handed_on = {name for text in exports for name in re.findall(r"^@_exported import \w+ CompletionCoachGenerated\.(\w+)", text, re.M)}
# How objects cross, which no app calls.
crossing = re.compile(r"unsafeFromHandle|noHandle|NoHandle|uniffi|FfiConverter")
# What every type is, as some compilers say.
implied = {"Copyable", "Escapable", "BitwiseCopyable", "SendableMetatype"}

lines, undocumented = set(), set()
names, relationships, conformances = {}, [], defaultdict(set)
for graph in sorted(graphs.glob("*.json")):
    content = json.loads(graph.read_text())
    generated = content["module"]["name"] == "CompletionCoachGenerated"
    relationships += content["relationships"]
    for symbol in content["symbols"]:
        path = ".".join(symbol["pathComponents"])
        top = symbol["pathComponents"][0].split("(")[0]
        declaration = "".join(part["spelling"] for part in symbol.get("declarationFragments", []))
        if symbol["accessLevel"] not in ("public", "open") or crossing.search(path + declaration) or (generated and top not in handed_on):
            continue
        lines.add(f"{path}\t{' '.join(declaration.split())}")
        names[symbol["identifier"]["precise"]] = path
        if "docComment" not in symbol and not generated and symbol["kind"]["identifier"] != "swift.extension":
            undocumented.add(path)
for one in relationships:
    protocol = names.get(one["target"]) or one.get("targetFallback", "").rpartition(".")[2]
    if one["kind"] == "conformsTo" and one["source"] in names and protocol:
        conformances[names[one["source"]]].add(protocol)
lines |= {f"{path}\t: {', '.join(sorted(protocols - implied))}" for path, protocols in conformances.items()}
print("\n".join(sorted(lines)))
# What a protocol asks for is documented there.
missing = sorted(name for name in undocumented if not re.search(r"AsyncIterator|Element|\.(post|next|makeAsyncIterator)\(", name))
if missing:
    sys.exit(f"without documentation: {', '.join(missing)}")
