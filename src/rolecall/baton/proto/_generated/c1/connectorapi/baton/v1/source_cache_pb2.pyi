from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class LookupRequest(_message.Message):
    __slots__ = ("row_kind", "scope_key")
    ROW_KIND_FIELD_NUMBER: _ClassVar[int]
    SCOPE_KEY_FIELD_NUMBER: _ClassVar[int]
    row_kind: str
    scope_key: str
    def __init__(self, row_kind: _Optional[str] = ..., scope_key: _Optional[str] = ...) -> None: ...

class LookupResponse(_message.Message):
    __slots__ = ("found", "cache_validator")
    FOUND_FIELD_NUMBER: _ClassVar[int]
    CACHE_VALIDATOR_FIELD_NUMBER: _ClassVar[int]
    found: bool
    cache_validator: str
    def __init__(self, found: _Optional[bool] = ..., cache_validator: _Optional[str] = ...) -> None: ...
