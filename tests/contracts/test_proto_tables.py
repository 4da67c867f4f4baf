"""Our .proto text is Baton's interface, and the committed modules are made from it."""

import importlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

ROOT = Path(__file__).parents[2]
GENERATED = ROOT / "src/rolecall/baton/proto/_generated"
TABLES = json.loads((ROOT / "tests/golden/proto-tables.json").read_text())

LEFT_OUT_FILES = {
    "c1/storage/v3/options.proto",  # the Pebble engine, which we do not write
    "c1/storage/v3/records.proto",
    "c1/storage/v3/refs.proto",
    "c1/c1z/v3/manifest.proto",
    "c1/reader/v3/grant.proto",
    "c1/transport/v1/transport.proto",  # connectors behind a cloud function
    "c1/connector_wrapper/v1/connector_wrapper.proto",  # a Go runner and its own child process
    "c1/utls/v1/tls.proto",
    "c1/connector/v2/annotation_vendor.proto",  # nothing about vendors in Notion
    "c1/connector/v2/annotation_vendor_agreement.proto",
}
LEFT_OUT_FIELDS = {
    # Their type is a message of validate.proto, which we do not import.
    ("c1.connector.v2.StringField", "value_validator"),
    ("c1.connector.v2.FileField", "value_validator"),
}
OURS = {name: table for name, table in TABLES.items() if table["file"] not in LEFT_OUT_FILES}

for path in sorted(GENERATED.rglob("*_pb2.py")):
    dotted = path.relative_to(ROOT / "src").with_suffix("").as_posix().replace("/", ".")
    importlib.import_module(dotted)
POOL = descriptor_pool.Default()

SCALARS = {
    getattr(FieldDescriptor, name): name.removeprefix("TYPE_").lower()
    for name in dir(FieldDescriptor)
    if name.startswith("TYPE_")
}


def spelled(field, package):
    """A field's type in the words of the golden table."""
    message = field.message_type
    if message is not None and message.GetOptions().map_entry:
        value = message.fields_by_name["value"]
        return f"map<{SCALARS[message.fields_by_name['key'].type]},{single(value, package)}>"
    return ("[]" if field.is_repeated else "") + single(field, package)


def single(field, package):
    """The same without labels."""
    if field.enum_type is not None:
        return "enum " + field.enum_type.full_name.removeprefix(f"{package}.")
    if field.message_type is not None:
        return field.message_type.full_name.removeprefix(f"{package}.").removeprefix(
            "google.protobuf."
        )
    return SCALARS[field.type]


def as_table(field, package):
    """A field as the golden table has it, without validation rules."""
    row = {"n": field.number, "name": field.name, "type": spelled(field, package)}
    oneof = field.containing_oneof
    if oneof is not None and oneof.name.startswith("_"):
        row["optional"] = True
    elif oneof is not None:
        row["oneof"] = oneof.name
    if field.GetOptions().deprecated:
        row["deprecated"] = True
    return row


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_message_enum_and_service_equals_the_golden_table(name):
    """Numbers, names, types, labels, oneofs, presence and deprecation are those of upstream."""
    table = OURS[name]
    package = re.sub(r"/[^/]*$", "", table["file"]).replace("/", ".")
    if "methods" in table:
        assert [m.name for m in POOL.FindServiceByName(name).methods] == table["methods"]
    elif "enum" in table:
        values = POOL.FindEnumTypeByName(name).values
        assert {value.name: value.number for value in values} == table["enum"]
    else:
        want = [
            {key: value for key, value in field.items() if key != "rules"}
            for field in table["fields"]
            if (name, field["name"]) not in LEFT_OUT_FIELDS
        ]
        have = [as_table(field, package) for field in POOL.FindMessageTypeByName(name).fields]
        assert sorted(have, key=lambda f: f["n"]) == sorted(want, key=lambda f: f["n"])


def declared(descriptor):
    """Full names of a message or enum and of everything inside it, map entries aside."""
    yield descriptor.full_name
    if isinstance(descriptor, Descriptor):
        inner = [t for t in descriptor.nested_types if not t.GetOptions().map_entry]
        for child in [*inner, *descriptor.enum_types]:
            assert isinstance(child, Descriptor | EnumDescriptor)
            yield from declared(child)


def test_we_declare_nothing_that_upstream_does_not_have():
    """A name of our own in their packages would clash one day."""
    files = [
        POOL.FindFileByName(path.relative_to(GENERATED).as_posix().replace("_pb2.py", ".proto"))
        for path in GENERATED.rglob("*_pb2.py")
    ]
    have = set()
    for file in files:
        for top in [*file.message_types_by_name.values(), *file.enum_types_by_name.values()]:
            have.update(declared(top))
        have.update(service.full_name for service in file.services_by_name.values())
    assert have == set(OURS)


def test_what_is_left_out_is_left_out_on_purpose():
    """The lists of exceptions name nothing that does not exist."""
    assert {table["file"] for table in TABLES.values()} >= LEFT_OUT_FILES
    for message, field in LEFT_OUT_FIELDS:
        assert field in {f["name"] for f in OURS[message]["fields"]}


def test_the_upload_is_a_stream_of_requests():
    """The table does not say which methods stream; only UploadAsset does, on the client's side."""
    service = POOL.FindServiceByName("c1.connectorapi.baton.v1.BatonService")
    streams = {m.name: (m.client_streaming, m.server_streaming) for m in service.methods}
    assert streams.pop("UploadAsset") == (True, False)
    assert set(streams.values()) == {(False, False)}


def test_the_committed_modules_are_what_the_compiler_makes():
    """`tools/generate_protos.py --check` finds no drift."""
    ran = subprocess.run(
        [sys.executable, ROOT / "tools/generate_protos.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")


def test_importing_the_package_loads_no_protobuf():
    """`import rolecall.baton.proto` is free; the modules are imported where they are used."""
    code = "import sys, rolecall.baton.proto; print('google.protobuf' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"
