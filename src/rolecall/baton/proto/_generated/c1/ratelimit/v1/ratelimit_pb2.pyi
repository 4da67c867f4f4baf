import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RateLimitDescription(_message.Message):
    __slots__ = ("status", "limit", "remaining", "reset_at", "count")
    class Status(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATUS_UNSPECIFIED: _ClassVar[RateLimitDescription.Status]
        STATUS_OK: _ClassVar[RateLimitDescription.Status]
        STATUS_OVERLIMIT: _ClassVar[RateLimitDescription.Status]
        STATUS_ERROR: _ClassVar[RateLimitDescription.Status]
        STATUS_EMPTY: _ClassVar[RateLimitDescription.Status]
    STATUS_UNSPECIFIED: RateLimitDescription.Status
    STATUS_OK: RateLimitDescription.Status
    STATUS_OVERLIMIT: RateLimitDescription.Status
    STATUS_ERROR: RateLimitDescription.Status
    STATUS_EMPTY: RateLimitDescription.Status
    STATUS_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    REMAINING_FIELD_NUMBER: _ClassVar[int]
    RESET_AT_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    status: RateLimitDescription.Status
    limit: int
    remaining: int
    reset_at: _timestamp_pb2.Timestamp
    count: int
    def __init__(self, status: _Optional[_Union[RateLimitDescription.Status, str]] = ..., limit: _Optional[int] = ..., remaining: _Optional[int] = ..., reset_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., count: _Optional[int] = ...) -> None: ...

class ReportRequest(_message.Message):
    __slots__ = ("request_token", "description", "service", "descriptors")
    REQUEST_TOKEN_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTORS_FIELD_NUMBER: _ClassVar[int]
    request_token: str
    description: RateLimitDescription
    service: str
    descriptors: RateLimitDescriptors
    def __init__(self, request_token: _Optional[str] = ..., description: _Optional[_Union[RateLimitDescription, _Mapping]] = ..., service: _Optional[str] = ..., descriptors: _Optional[_Union[RateLimitDescriptors, _Mapping]] = ...) -> None: ...

class ReportResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class RateLimitDescriptors(_message.Message):
    __slots__ = ("entries",)
    class Entry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.RepeatedCompositeFieldContainer[RateLimitDescriptors.Entry]
    def __init__(self, entries: _Optional[_Iterable[_Union[RateLimitDescriptors.Entry, _Mapping]]] = ...) -> None: ...

class DoRequest(_message.Message):
    __slots__ = ("request_token", "service", "descriptors")
    REQUEST_TOKEN_FIELD_NUMBER: _ClassVar[int]
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTORS_FIELD_NUMBER: _ClassVar[int]
    request_token: str
    service: str
    descriptors: RateLimitDescriptors
    def __init__(self, request_token: _Optional[str] = ..., service: _Optional[str] = ..., descriptors: _Optional[_Union[RateLimitDescriptors, _Mapping]] = ...) -> None: ...

class DoResponse(_message.Message):
    __slots__ = ("request_token", "description")
    REQUEST_TOKEN_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    request_token: str
    description: RateLimitDescription
    def __init__(self, request_token: _Optional[str] = ..., description: _Optional[_Union[RateLimitDescription, _Mapping]] = ...) -> None: ...

class DisabledLimiter(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SlidingMemoryLimiter(_message.Message):
    __slots__ = ("use_percent",)
    USE_PERCENT_FIELD_NUMBER: _ClassVar[int]
    use_percent: float
    def __init__(self, use_percent: _Optional[float] = ...) -> None: ...

class FixedMemoryLimiter(_message.Message):
    __slots__ = ("rate", "period")
    RATE_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    rate: int
    period: _duration_pb2.Duration
    def __init__(self, rate: _Optional[int] = ..., period: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class ExternalLimiter(_message.Message):
    __slots__ = ("options", "address")
    class OptionsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    options: _containers.ScalarMap[str, str]
    address: str
    def __init__(self, options: _Optional[_Mapping[str, str]] = ..., address: _Optional[str] = ...) -> None: ...

class RateLimiterConfig(_message.Message):
    __slots__ = ("disabled", "sliding_mem", "fixed_mem", "external")
    DISABLED_FIELD_NUMBER: _ClassVar[int]
    SLIDING_MEM_FIELD_NUMBER: _ClassVar[int]
    FIXED_MEM_FIELD_NUMBER: _ClassVar[int]
    EXTERNAL_FIELD_NUMBER: _ClassVar[int]
    disabled: DisabledLimiter
    sliding_mem: SlidingMemoryLimiter
    fixed_mem: FixedMemoryLimiter
    external: ExternalLimiter
    def __init__(self, disabled: _Optional[_Union[DisabledLimiter, _Mapping]] = ..., sliding_mem: _Optional[_Union[SlidingMemoryLimiter, _Mapping]] = ..., fixed_mem: _Optional[_Union[FixedMemoryLimiter, _Mapping]] = ..., external: _Optional[_Union[ExternalLimiter, _Mapping]] = ...) -> None: ...
