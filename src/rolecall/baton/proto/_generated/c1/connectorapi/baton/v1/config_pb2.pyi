import datetime

from rolecall.baton.proto._generated.c1.connectorapi.baton.v1 import servedpolicy_pb2 as _servedpolicy_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetConnectorConfigRequest(_message.Message):
    __slots__ = ("requested_version",)
    REQUESTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    requested_version: str
    def __init__(self, requested_version: _Optional[str] = ...) -> None: ...

class GetConnectorConfigResponse(_message.Message):
    __slots__ = ("config", "last_updated", "config_version", "served_policy_envelope")
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    LAST_UPDATED_FIELD_NUMBER: _ClassVar[int]
    CONFIG_VERSION_FIELD_NUMBER: _ClassVar[int]
    SERVED_POLICY_ENVELOPE_FIELD_NUMBER: _ClassVar[int]
    config: bytes
    last_updated: _timestamp_pb2.Timestamp
    config_version: str
    served_policy_envelope: _servedpolicy_pb2.ServedPolicyEnvelope
    def __init__(self, config: _Optional[bytes] = ..., last_updated: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., config_version: _Optional[str] = ..., served_policy_envelope: _Optional[_Union[_servedpolicy_pb2.ServedPolicyEnvelope, _Mapping]] = ...) -> None: ...

class SignedHeader(_message.Message):
    __slots__ = ("key", "value")
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    key: str
    value: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, key: _Optional[str] = ..., value: _Optional[_Iterable[str]] = ...) -> None: ...

class Sigv4SignedRequestSTSGetCallerIdentity(_message.Message):
    __slots__ = ("method", "endpoint", "headers", "body")
    METHOD_FIELD_NUMBER: _ClassVar[int]
    ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    HEADERS_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    method: str
    endpoint: str
    headers: _containers.RepeatedCompositeFieldContainer[SignedHeader]
    body: bytes
    def __init__(self, method: _Optional[str] = ..., endpoint: _Optional[str] = ..., headers: _Optional[_Iterable[_Union[SignedHeader, _Mapping]]] = ..., body: _Optional[bytes] = ...) -> None: ...

class GetConnectorOauthTokenRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetConnectorOauthTokenResponse(_message.Message):
    __slots__ = ("token",)
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    token: bytes
    def __init__(self, token: _Optional[bytes] = ...) -> None: ...
