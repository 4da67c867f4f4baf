import datetime

from google.protobuf import any_pb2 as _any_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SyncRun(_message.Message):
    __slots__ = ("id", "started_at", "ended_at", "sync_token", "sync_type", "parent_sync_id", "stats")
    ID_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    ENDED_AT_FIELD_NUMBER: _ClassVar[int]
    SYNC_TOKEN_FIELD_NUMBER: _ClassVar[int]
    SYNC_TYPE_FIELD_NUMBER: _ClassVar[int]
    PARENT_SYNC_ID_FIELD_NUMBER: _ClassVar[int]
    STATS_FIELD_NUMBER: _ClassVar[int]
    id: str
    started_at: _timestamp_pb2.Timestamp
    ended_at: _timestamp_pb2.Timestamp
    sync_token: str
    sync_type: str
    parent_sync_id: str
    stats: SyncStats
    def __init__(self, id: _Optional[str] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., ended_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., sync_token: _Optional[str] = ..., sync_type: _Optional[str] = ..., parent_sync_id: _Optional[str] = ..., stats: _Optional[_Union[SyncStats, _Mapping]] = ...) -> None: ...

class SyncStats(_message.Message):
    __slots__ = ("resource_types", "resources", "entitlements", "grants", "resources_by_resource_type", "grants_by_resource_type", "entitlements_by_resource_type", "assets", "step_durations_ms", "connector_call_stats", "session_store_stats")
    class ResourcesByResourceTypeEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    class GrantsByResourceTypeEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    class EntitlementsByResourceTypeEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    class StepDurationsMsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    class ConnectorCallStatsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: CallStat
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[CallStat, _Mapping]] = ...) -> None: ...
    class SessionStoreStatsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: CallStat
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[CallStat, _Mapping]] = ...) -> None: ...
    RESOURCE_TYPES_FIELD_NUMBER: _ClassVar[int]
    RESOURCES_FIELD_NUMBER: _ClassVar[int]
    ENTITLEMENTS_FIELD_NUMBER: _ClassVar[int]
    GRANTS_FIELD_NUMBER: _ClassVar[int]
    RESOURCES_BY_RESOURCE_TYPE_FIELD_NUMBER: _ClassVar[int]
    GRANTS_BY_RESOURCE_TYPE_FIELD_NUMBER: _ClassVar[int]
    ENTITLEMENTS_BY_RESOURCE_TYPE_FIELD_NUMBER: _ClassVar[int]
    ASSETS_FIELD_NUMBER: _ClassVar[int]
    STEP_DURATIONS_MS_FIELD_NUMBER: _ClassVar[int]
    CONNECTOR_CALL_STATS_FIELD_NUMBER: _ClassVar[int]
    SESSION_STORE_STATS_FIELD_NUMBER: _ClassVar[int]
    resource_types: int
    resources: int
    entitlements: int
    grants: int
    resources_by_resource_type: _containers.ScalarMap[str, int]
    grants_by_resource_type: _containers.ScalarMap[str, int]
    entitlements_by_resource_type: _containers.ScalarMap[str, int]
    assets: int
    step_durations_ms: _containers.ScalarMap[str, int]
    connector_call_stats: _containers.MessageMap[str, CallStat]
    session_store_stats: _containers.MessageMap[str, CallStat]
    def __init__(self, resource_types: _Optional[int] = ..., resources: _Optional[int] = ..., entitlements: _Optional[int] = ..., grants: _Optional[int] = ..., resources_by_resource_type: _Optional[_Mapping[str, int]] = ..., grants_by_resource_type: _Optional[_Mapping[str, int]] = ..., entitlements_by_resource_type: _Optional[_Mapping[str, int]] = ..., assets: _Optional[int] = ..., step_durations_ms: _Optional[_Mapping[str, int]] = ..., connector_call_stats: _Optional[_Mapping[str, CallStat]] = ..., session_store_stats: _Optional[_Mapping[str, CallStat]] = ...) -> None: ...

class CallStat(_message.Message):
    __slots__ = ("count", "total_ms", "max_ms", "errors", "timeouts")
    COUNT_FIELD_NUMBER: _ClassVar[int]
    TOTAL_MS_FIELD_NUMBER: _ClassVar[int]
    MAX_MS_FIELD_NUMBER: _ClassVar[int]
    ERRORS_FIELD_NUMBER: _ClassVar[int]
    TIMEOUTS_FIELD_NUMBER: _ClassVar[int]
    count: int
    total_ms: int
    max_ms: int
    errors: int
    timeouts: int
    def __init__(self, count: _Optional[int] = ..., total_ms: _Optional[int] = ..., max_ms: _Optional[int] = ..., errors: _Optional[int] = ..., timeouts: _Optional[int] = ...) -> None: ...

class SyncsReaderServiceGetSyncRequest(_message.Message):
    __slots__ = ("sync_id", "annotations")
    SYNC_ID_FIELD_NUMBER: _ClassVar[int]
    ANNOTATIONS_FIELD_NUMBER: _ClassVar[int]
    sync_id: str
    annotations: _containers.RepeatedCompositeFieldContainer[_any_pb2.Any]
    def __init__(self, sync_id: _Optional[str] = ..., annotations: _Optional[_Iterable[_Union[_any_pb2.Any, _Mapping]]] = ...) -> None: ...

class SyncsReaderServiceGetSyncResponse(_message.Message):
    __slots__ = ("sync", "annotations")
    SYNC_FIELD_NUMBER: _ClassVar[int]
    ANNOTATIONS_FIELD_NUMBER: _ClassVar[int]
    sync: SyncRun
    annotations: _containers.RepeatedCompositeFieldContainer[_any_pb2.Any]
    def __init__(self, sync: _Optional[_Union[SyncRun, _Mapping]] = ..., annotations: _Optional[_Iterable[_Union[_any_pb2.Any, _Mapping]]] = ...) -> None: ...

class SyncsReaderServiceListSyncsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "annotations")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    ANNOTATIONS_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    annotations: _containers.RepeatedCompositeFieldContainer[_any_pb2.Any]
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., annotations: _Optional[_Iterable[_Union[_any_pb2.Any, _Mapping]]] = ...) -> None: ...

class SyncsReaderServiceListSyncsResponse(_message.Message):
    __slots__ = ("syncs", "next_page_token", "annotations")
    SYNCS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    ANNOTATIONS_FIELD_NUMBER: _ClassVar[int]
    syncs: _containers.RepeatedCompositeFieldContainer[SyncRun]
    next_page_token: str
    annotations: _containers.RepeatedCompositeFieldContainer[_any_pb2.Any]
    def __init__(self, syncs: _Optional[_Iterable[_Union[SyncRun, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., annotations: _Optional[_Iterable[_Union[_any_pb2.Any, _Mapping]]] = ...) -> None: ...

class SyncsReaderServiceGetLatestFinishedSyncRequest(_message.Message):
    __slots__ = ("annotations", "sync_type")
    ANNOTATIONS_FIELD_NUMBER: _ClassVar[int]
    SYNC_TYPE_FIELD_NUMBER: _ClassVar[int]
    annotations: _containers.RepeatedCompositeFieldContainer[_any_pb2.Any]
    sync_type: str
    def __init__(self, annotations: _Optional[_Iterable[_Union[_any_pb2.Any, _Mapping]]] = ..., sync_type: _Optional[str] = ...) -> None: ...

class SyncsReaderServiceGetLatestFinishedSyncResponse(_message.Message):
    __slots__ = ("sync", "annotations")
    SYNC_FIELD_NUMBER: _ClassVar[int]
    ANNOTATIONS_FIELD_NUMBER: _ClassVar[int]
    sync: SyncRun
    annotations: _containers.RepeatedCompositeFieldContainer[_any_pb2.Any]
    def __init__(self, sync: _Optional[_Union[SyncRun, _Mapping]] = ..., annotations: _Optional[_Iterable[_Union[_any_pb2.Any, _Mapping]]] = ...) -> None: ...
