from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SourceCacheCapability(_message.Message):
    __slots__ = ("mode", "cache_generation", "config_fingerprint")
    class Mode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        MODE_UNSPECIFIED: _ClassVar[SourceCacheCapability.Mode]
        MODE_DISABLED: _ClassVar[SourceCacheCapability.Mode]
        MODE_READ_WRITE: _ClassVar[SourceCacheCapability.Mode]
    MODE_UNSPECIFIED: SourceCacheCapability.Mode
    MODE_DISABLED: SourceCacheCapability.Mode
    MODE_READ_WRITE: SourceCacheCapability.Mode
    MODE_FIELD_NUMBER: _ClassVar[int]
    CACHE_GENERATION_FIELD_NUMBER: _ClassVar[int]
    CONFIG_FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    mode: SourceCacheCapability.Mode
    cache_generation: str
    config_fingerprint: str
    def __init__(self, mode: _Optional[_Union[SourceCacheCapability.Mode, str]] = ..., cache_generation: _Optional[str] = ..., config_fingerprint: _Optional[str] = ...) -> None: ...

class SourceCacheRecord(_message.Message):
    __slots__ = ("scope_key", "cache_validator", "deleted_ids", "deleted_principal_ids")
    SCOPE_KEY_FIELD_NUMBER: _ClassVar[int]
    CACHE_VALIDATOR_FIELD_NUMBER: _ClassVar[int]
    DELETED_IDS_FIELD_NUMBER: _ClassVar[int]
    DELETED_PRINCIPAL_IDS_FIELD_NUMBER: _ClassVar[int]
    scope_key: str
    cache_validator: str
    deleted_ids: _containers.RepeatedScalarFieldContainer[str]
    deleted_principal_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, scope_key: _Optional[str] = ..., cache_validator: _Optional[str] = ..., deleted_ids: _Optional[_Iterable[str]] = ..., deleted_principal_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class SourceCacheReplay(_message.Message):
    __slots__ = ("scope_key", "cache_validator", "overlay", "deleted_ids", "deleted_principal_ids")
    SCOPE_KEY_FIELD_NUMBER: _ClassVar[int]
    CACHE_VALIDATOR_FIELD_NUMBER: _ClassVar[int]
    OVERLAY_FIELD_NUMBER: _ClassVar[int]
    DELETED_IDS_FIELD_NUMBER: _ClassVar[int]
    DELETED_PRINCIPAL_IDS_FIELD_NUMBER: _ClassVar[int]
    scope_key: str
    cache_validator: str
    overlay: bool
    deleted_ids: _containers.RepeatedScalarFieldContainer[str]
    deleted_principal_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, scope_key: _Optional[str] = ..., cache_validator: _Optional[str] = ..., overlay: _Optional[bool] = ..., deleted_ids: _Optional[_Iterable[str]] = ..., deleted_principal_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class SourceCacheLookupOffer(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SourceCacheLookupAsk(_message.Message):
    __slots__ = ("queries",)
    class Query(_message.Message):
        __slots__ = ("row_kind", "scope_key")
        ROW_KIND_FIELD_NUMBER: _ClassVar[int]
        SCOPE_KEY_FIELD_NUMBER: _ClassVar[int]
        row_kind: str
        scope_key: str
        def __init__(self, row_kind: _Optional[str] = ..., scope_key: _Optional[str] = ...) -> None: ...
    QUERIES_FIELD_NUMBER: _ClassVar[int]
    queries: _containers.RepeatedCompositeFieldContainer[SourceCacheLookupAsk.Query]
    def __init__(self, queries: _Optional[_Iterable[_Union[SourceCacheLookupAsk.Query, _Mapping]]] = ...) -> None: ...

class SourceCacheLookupAnswers(_message.Message):
    __slots__ = ("answers",)
    class Answer(_message.Message):
        __slots__ = ("row_kind", "scope_key", "found", "cache_validator")
        ROW_KIND_FIELD_NUMBER: _ClassVar[int]
        SCOPE_KEY_FIELD_NUMBER: _ClassVar[int]
        FOUND_FIELD_NUMBER: _ClassVar[int]
        CACHE_VALIDATOR_FIELD_NUMBER: _ClassVar[int]
        row_kind: str
        scope_key: str
        found: bool
        cache_validator: str
        def __init__(self, row_kind: _Optional[str] = ..., scope_key: _Optional[str] = ..., found: _Optional[bool] = ..., cache_validator: _Optional[str] = ...) -> None: ...
    ANSWERS_FIELD_NUMBER: _ClassVar[int]
    answers: _containers.RepeatedCompositeFieldContainer[SourceCacheLookupAnswers.Answer]
    def __init__(self, answers: _Optional[_Iterable[_Union[SourceCacheLookupAnswers.Answer, _Mapping]]] = ...) -> None: ...
