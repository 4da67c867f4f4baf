from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetRequest(_message.Message):
    __slots__ = ("sync_id", "key", "prefix")
    SYNC_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    PREFIX_FIELD_NUMBER: _ClassVar[int]
    sync_id: str
    key: str
    prefix: str
    def __init__(self, sync_id: _Optional[str] = ..., key: _Optional[str] = ..., prefix: _Optional[str] = ...) -> None: ...

class GetResponse(_message.Message):
    __slots__ = ("value", "found")
    VALUE_FIELD_NUMBER: _ClassVar[int]
    FOUND_FIELD_NUMBER: _ClassVar[int]
    value: bytes
    found: bool
    def __init__(self, value: _Optional[bytes] = ..., found: _Optional[bool] = ...) -> None: ...

class GetManyRequest(_message.Message):
    __slots__ = ("sync_id", "keys", "prefix")
    SYNC_ID_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    PREFIX_FIELD_NUMBER: _ClassVar[int]
    sync_id: str
    keys: _containers.RepeatedScalarFieldContainer[str]
    prefix: str
    def __init__(self, sync_id: _Optional[str] = ..., keys: _Optional[_Iterable[str]] = ..., prefix: _Optional[str] = ...) -> None: ...

class GetManyResponse(_message.Message):
    __slots__ = ("items", "unprocessed_keys")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    UNPROCESSED_KEYS_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[GetManyItem]
    unprocessed_keys: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, items: _Optional[_Iterable[_Union[GetManyItem, _Mapping]]] = ..., unprocessed_keys: _Optional[_Iterable[str]] = ...) -> None: ...

class GetManyItem(_message.Message):
    __slots__ = ("key", "value")
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    key: str
    value: bytes
    def __init__(self, key: _Optional[str] = ..., value: _Optional[bytes] = ...) -> None: ...

class GetAllRequest(_message.Message):
    __slots__ = ("sync_id", "page_token", "prefix")
    SYNC_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PREFIX_FIELD_NUMBER: _ClassVar[int]
    sync_id: str
    page_token: str
    prefix: str
    def __init__(self, sync_id: _Optional[str] = ..., page_token: _Optional[str] = ..., prefix: _Optional[str] = ...) -> None: ...

class GetAllResponse(_message.Message):
    __slots__ = ("items", "page_token")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[GetAllItem]
    page_token: str
    def __init__(self, items: _Optional[_Iterable[_Union[GetAllItem, _Mapping]]] = ..., page_token: _Optional[str] = ...) -> None: ...

class GetAllItem(_message.Message):
    __slots__ = ("key", "value")
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    key: str
    value: bytes
    def __init__(self, key: _Optional[str] = ..., value: _Optional[bytes] = ...) -> None: ...

class SetRequest(_message.Message):
    __slots__ = ("sync_id", "key", "value", "prefix")
    SYNC_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    PREFIX_FIELD_NUMBER: _ClassVar[int]
    sync_id: str
    key: str
    value: bytes
    prefix: str
    def __init__(self, sync_id: _Optional[str] = ..., key: _Optional[str] = ..., value: _Optional[bytes] = ..., prefix: _Optional[str] = ...) -> None: ...

class SetResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SetManyRequest(_message.Message):
    __slots__ = ("sync_id", "values", "prefix")
    class ValuesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: bytes
        def __init__(self, key: _Optional[str] = ..., value: _Optional[bytes] = ...) -> None: ...
    SYNC_ID_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    PREFIX_FIELD_NUMBER: _ClassVar[int]
    sync_id: str
    values: _containers.ScalarMap[str, bytes]
    prefix: str
    def __init__(self, sync_id: _Optional[str] = ..., values: _Optional[_Mapping[str, bytes]] = ..., prefix: _Optional[str] = ...) -> None: ...

class SetManyResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DeleteRequest(_message.Message):
    __slots__ = ("sync_id", "key", "prefix")
    SYNC_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    PREFIX_FIELD_NUMBER: _ClassVar[int]
    sync_id: str
    key: str
    prefix: str
    def __init__(self, sync_id: _Optional[str] = ..., key: _Optional[str] = ..., prefix: _Optional[str] = ...) -> None: ...

class DeleteResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DeleteManyRequest(_message.Message):
    __slots__ = ("sync_id", "keys", "prefix")
    SYNC_ID_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    PREFIX_FIELD_NUMBER: _ClassVar[int]
    sync_id: str
    keys: _containers.RepeatedScalarFieldContainer[str]
    prefix: str
    def __init__(self, sync_id: _Optional[str] = ..., keys: _Optional[_Iterable[str]] = ..., prefix: _Optional[str] = ...) -> None: ...

class DeleteManyResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ClearRequest(_message.Message):
    __slots__ = ("sync_id", "prefix")
    SYNC_ID_FIELD_NUMBER: _ClassVar[int]
    PREFIX_FIELD_NUMBER: _ClassVar[int]
    sync_id: str
    prefix: str
    def __init__(self, sync_id: _Optional[str] = ..., prefix: _Optional[str] = ...) -> None: ...

class ClearResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
