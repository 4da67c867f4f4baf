import datetime

from rolecall.baton.proto._generated.c1.config.v1 import config_pb2 as _config_pb2
from google.protobuf import any_pb2 as _any_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class BatonActionStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BATON_ACTION_STATUS_UNSPECIFIED: _ClassVar[BatonActionStatus]
    BATON_ACTION_STATUS_UNKNOWN: _ClassVar[BatonActionStatus]
    BATON_ACTION_STATUS_PENDING: _ClassVar[BatonActionStatus]
    BATON_ACTION_STATUS_RUNNING: _ClassVar[BatonActionStatus]
    BATON_ACTION_STATUS_COMPLETE: _ClassVar[BatonActionStatus]
    BATON_ACTION_STATUS_FAILED: _ClassVar[BatonActionStatus]

class ActionType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ACTION_TYPE_UNSPECIFIED: _ClassVar[ActionType]
    ACTION_TYPE_DYNAMIC: _ClassVar[ActionType]
    ACTION_TYPE_ACCOUNT: _ClassVar[ActionType]
    ACTION_TYPE_ACCOUNT_UPDATE_PROFILE: _ClassVar[ActionType]
    ACTION_TYPE_ACCOUNT_DISABLE: _ClassVar[ActionType]
    ACTION_TYPE_ACCOUNT_ENABLE: _ClassVar[ActionType]
    ACTION_TYPE_RESOURCE_CREATE: _ClassVar[ActionType]
    ACTION_TYPE_RESOURCE_DELETE: _ClassVar[ActionType]
    ACTION_TYPE_RESOURCE_ENABLE: _ClassVar[ActionType]
    ACTION_TYPE_RESOURCE_DISABLE: _ClassVar[ActionType]
BATON_ACTION_STATUS_UNSPECIFIED: BatonActionStatus
BATON_ACTION_STATUS_UNKNOWN: BatonActionStatus
BATON_ACTION_STATUS_PENDING: BatonActionStatus
BATON_ACTION_STATUS_RUNNING: BatonActionStatus
BATON_ACTION_STATUS_COMPLETE: BatonActionStatus
BATON_ACTION_STATUS_FAILED: BatonActionStatus
ACTION_TYPE_UNSPECIFIED: ActionType
ACTION_TYPE_DYNAMIC: ActionType
ACTION_TYPE_ACCOUNT: ActionType
ACTION_TYPE_ACCOUNT_UPDATE_PROFILE: ActionType
ACTION_TYPE_ACCOUNT_DISABLE: ActionType
ACTION_TYPE_ACCOUNT_ENABLE: ActionType
ACTION_TYPE_RESOURCE_CREATE: ActionType
ACTION_TYPE_RESOURCE_DELETE: ActionType
ACTION_TYPE_RESOURCE_ENABLE: ActionType
ACTION_TYPE_RESOURCE_DISABLE: ActionType

class BatonActionSchema(_message.Message):
    __slots__ = ("name", "arguments", "constraints", "return_types", "display_name", "description", "action_type", "resource_type_id")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ARGUMENTS_FIELD_NUMBER: _ClassVar[int]
    CONSTRAINTS_FIELD_NUMBER: _ClassVar[int]
    RETURN_TYPES_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    ACTION_TYPE_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_TYPE_ID_FIELD_NUMBER: _ClassVar[int]
    name: str
    arguments: _containers.RepeatedCompositeFieldContainer[_config_pb2.Field]
    constraints: _containers.RepeatedCompositeFieldContainer[_config_pb2.Constraint]
    return_types: _containers.RepeatedCompositeFieldContainer[_config_pb2.Field]
    display_name: str
    description: str
    action_type: _containers.RepeatedScalarFieldContainer[ActionType]
    resource_type_id: str
    def __init__(self, name: _Optional[str] = ..., arguments: _Optional[_Iterable[_Union[_config_pb2.Field, _Mapping]]] = ..., constraints: _Optional[_Iterable[_Union[_config_pb2.Constraint, _Mapping]]] = ..., return_types: _Optional[_Iterable[_Union[_config_pb2.Field, _Mapping]]] = ..., display_name: _Optional[str] = ..., description: _Optional[str] = ..., action_type: _Optional[_Iterable[_Union[ActionType, str]]] = ..., resource_type_id: _Optional[str] = ...) -> None: ...

class InvokeActionRequest(_message.Message):
    __slots__ = ("name", "args", "annotations", "resource_type_id", "inline_wait")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ARGS_FIELD_NUMBER: _ClassVar[int]
    ANNOTATIONS_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_TYPE_ID_FIELD_NUMBER: _ClassVar[int]
    INLINE_WAIT_FIELD_NUMBER: _ClassVar[int]
    name: str
    args: _struct_pb2.Struct
    annotations: _containers.RepeatedCompositeFieldContainer[_any_pb2.Any]
    resource_type_id: str
    inline_wait: _duration_pb2.Duration
    def __init__(self, name: _Optional[str] = ..., args: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., annotations: _Optional[_Iterable[_Union[_any_pb2.Any, _Mapping]]] = ..., resource_type_id: _Optional[str] = ..., inline_wait: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class InvokeActionResponse(_message.Message):
    __slots__ = ("id", "status", "annotations", "response", "name")
    ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    ANNOTATIONS_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    id: str
    status: BatonActionStatus
    annotations: _containers.RepeatedCompositeFieldContainer[_any_pb2.Any]
    response: _struct_pb2.Struct
    name: str
    def __init__(self, id: _Optional[str] = ..., status: _Optional[_Union[BatonActionStatus, str]] = ..., annotations: _Optional[_Iterable[_Union[_any_pb2.Any, _Mapping]]] = ..., response: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., name: _Optional[str] = ...) -> None: ...

class GetActionStatusRequest(_message.Message):
    __slots__ = ("name", "id", "annotations")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    ANNOTATIONS_FIELD_NUMBER: _ClassVar[int]
    name: str
    id: str
    annotations: _containers.RepeatedCompositeFieldContainer[_any_pb2.Any]
    def __init__(self, name: _Optional[str] = ..., id: _Optional[str] = ..., annotations: _Optional[_Iterable[_Union[_any_pb2.Any, _Mapping]]] = ...) -> None: ...

class GetActionStatusResponse(_message.Message):
    __slots__ = ("name", "id", "status", "annotations", "response")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    ANNOTATIONS_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_FIELD_NUMBER: _ClassVar[int]
    name: str
    id: str
    status: BatonActionStatus
    annotations: _containers.RepeatedCompositeFieldContainer[_any_pb2.Any]
    response: _struct_pb2.Struct
    def __init__(self, name: _Optional[str] = ..., id: _Optional[str] = ..., status: _Optional[_Union[BatonActionStatus, str]] = ..., annotations: _Optional[_Iterable[_Union[_any_pb2.Any, _Mapping]]] = ..., response: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class GetActionSchemaRequest(_message.Message):
    __slots__ = ("name", "annotations")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ANNOTATIONS_FIELD_NUMBER: _ClassVar[int]
    name: str
    annotations: _containers.RepeatedCompositeFieldContainer[_any_pb2.Any]
    def __init__(self, name: _Optional[str] = ..., annotations: _Optional[_Iterable[_Union[_any_pb2.Any, _Mapping]]] = ...) -> None: ...

class GetActionSchemaResponse(_message.Message):
    __slots__ = ("schema", "annotations")
    SCHEMA_FIELD_NUMBER: _ClassVar[int]
    ANNOTATIONS_FIELD_NUMBER: _ClassVar[int]
    schema: BatonActionSchema
    annotations: _containers.RepeatedCompositeFieldContainer[_any_pb2.Any]
    def __init__(self, schema: _Optional[_Union[BatonActionSchema, _Mapping]] = ..., annotations: _Optional[_Iterable[_Union[_any_pb2.Any, _Mapping]]] = ...) -> None: ...

class ListActionSchemasRequest(_message.Message):
    __slots__ = ("annotations", "resource_type_id")
    ANNOTATIONS_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_TYPE_ID_FIELD_NUMBER: _ClassVar[int]
    annotations: _containers.RepeatedCompositeFieldContainer[_any_pb2.Any]
    resource_type_id: str
    def __init__(self, annotations: _Optional[_Iterable[_Union[_any_pb2.Any, _Mapping]]] = ..., resource_type_id: _Optional[str] = ...) -> None: ...

class ListActionSchemasResponse(_message.Message):
    __slots__ = ("schemas", "annotations")
    SCHEMAS_FIELD_NUMBER: _ClassVar[int]
    ANNOTATIONS_FIELD_NUMBER: _ClassVar[int]
    schemas: _containers.RepeatedCompositeFieldContainer[BatonActionSchema]
    annotations: _containers.RepeatedCompositeFieldContainer[_any_pb2.Any]
    def __init__(self, schemas: _Optional[_Iterable[_Union[BatonActionSchema, _Mapping]]] = ..., annotations: _Optional[_Iterable[_Union[_any_pb2.Any, _Mapping]]] = ...) -> None: ...
