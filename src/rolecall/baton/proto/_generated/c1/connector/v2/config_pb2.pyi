from rolecall.baton.proto._generated.c1.connector.v2 import asset_pb2 as _asset_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SchemaServiceGetSchemaRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SchemaServiceGetSchemaResponse(_message.Message):
    __slots__ = ("version", "schema")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_FIELD_NUMBER: _ClassVar[int]
    version: str
    schema: ConfigSchema
    def __init__(self, version: _Optional[str] = ..., schema: _Optional[_Union[ConfigSchema, _Mapping]] = ...) -> None: ...

class ConfigSchema(_message.Message):
    __slots__ = ("fields", "display_name", "help_url", "icon", "logo")
    FIELDS_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    HELP_URL_FIELD_NUMBER: _ClassVar[int]
    ICON_FIELD_NUMBER: _ClassVar[int]
    LOGO_FIELD_NUMBER: _ClassVar[int]
    fields: _containers.RepeatedCompositeFieldContainer[Field]
    display_name: str
    help_url: str
    icon: _asset_pb2.AssetRef
    logo: _asset_pb2.AssetRef
    def __init__(self, fields: _Optional[_Iterable[_Union[Field, _Mapping]]] = ..., display_name: _Optional[str] = ..., help_url: _Optional[str] = ..., icon: _Optional[_Union[_asset_pb2.AssetRef, _Mapping]] = ..., logo: _Optional[_Union[_asset_pb2.AssetRef, _Mapping]] = ...) -> None: ...

class Field(_message.Message):
    __slots__ = ("name", "help_url", "display_name", "placeholder", "str", "select", "random", "file")
    NAME_FIELD_NUMBER: _ClassVar[int]
    HELP_URL_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    PLACEHOLDER_FIELD_NUMBER: _ClassVar[int]
    STR_FIELD_NUMBER: _ClassVar[int]
    SELECT_FIELD_NUMBER: _ClassVar[int]
    RANDOM_FIELD_NUMBER: _ClassVar[int]
    FILE_FIELD_NUMBER: _ClassVar[int]
    name: str
    help_url: str
    display_name: str
    placeholder: str
    str: StringField
    select: SelectField
    random: RandomStringField
    file: FileField
    def __init__(self, name: _Optional[str] = ..., help_url: _Optional[str] = ..., display_name: _Optional[str] = ..., placeholder: _Optional[str] = ..., str: _Optional[_Union[StringField, _Mapping]] = ..., select: _Optional[_Union[SelectField, _Mapping]] = ..., random: _Optional[_Union[RandomStringField, _Mapping]] = ..., file: _Optional[_Union[FileField, _Mapping]] = ...) -> None: ...

class StringField(_message.Message):
    __slots__ = ("secret",)
    SECRET_FIELD_NUMBER: _ClassVar[int]
    secret: bool
    def __init__(self, secret: _Optional[bool] = ...) -> None: ...

class SelectField(_message.Message):
    __slots__ = ("items",)
    class Item(_message.Message):
        __slots__ = ("display_name", "value")
        DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        display_name: str
        value: str
        def __init__(self, display_name: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[SelectField.Item]
    def __init__(self, items: _Optional[_Iterable[_Union[SelectField.Item, _Mapping]]] = ...) -> None: ...

class RandomStringField(_message.Message):
    __slots__ = ("length",)
    LENGTH_FIELD_NUMBER: _ClassVar[int]
    length: int
    def __init__(self, length: _Optional[int] = ...) -> None: ...

class FileField(_message.Message):
    __slots__ = ("secret", "allowed_extensions")
    SECRET_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_EXTENSIONS_FIELD_NUMBER: _ClassVar[int]
    secret: bool
    allowed_extensions: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, secret: _Optional[bool] = ..., allowed_extensions: _Optional[_Iterable[str]] = ...) -> None: ...
