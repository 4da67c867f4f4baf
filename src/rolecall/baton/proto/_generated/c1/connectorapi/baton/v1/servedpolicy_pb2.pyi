from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class EgressMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EGRESS_MODE_UNSPECIFIED: _ClassVar[EgressMode]
    EGRESS_MODE_REPORT: _ClassVar[EgressMode]
    EGRESS_MODE_ENFORCE: _ClassVar[EgressMode]
EGRESS_MODE_UNSPECIFIED: EgressMode
EGRESS_MODE_REPORT: EgressMode
EGRESS_MODE_ENFORCE: EgressMode

class ServedPolicyEnvelope(_message.Message):
    __slots__ = ("envelope_version", "connector_revision_id", "revision_root_digest", "config_version", "egress")
    ENVELOPE_VERSION_FIELD_NUMBER: _ClassVar[int]
    CONNECTOR_REVISION_ID_FIELD_NUMBER: _ClassVar[int]
    REVISION_ROOT_DIGEST_FIELD_NUMBER: _ClassVar[int]
    CONFIG_VERSION_FIELD_NUMBER: _ClassVar[int]
    EGRESS_FIELD_NUMBER: _ClassVar[int]
    envelope_version: int
    connector_revision_id: str
    revision_root_digest: str
    config_version: str
    egress: EgressSection
    def __init__(self, envelope_version: _Optional[int] = ..., connector_revision_id: _Optional[str] = ..., revision_root_digest: _Optional[str] = ..., config_version: _Optional[str] = ..., egress: _Optional[_Union[EgressSection, _Mapping]] = ...) -> None: ...

class EgressSection(_message.Message):
    __slots__ = ("schema_version", "recorded_egress_derivation_digest", "https_only", "allowed_hosts", "mode")
    SCHEMA_VERSION_FIELD_NUMBER: _ClassVar[int]
    RECORDED_EGRESS_DERIVATION_DIGEST_FIELD_NUMBER: _ClassVar[int]
    HTTPS_ONLY_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_HOSTS_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    schema_version: int
    recorded_egress_derivation_digest: str
    https_only: bool
    allowed_hosts: _containers.RepeatedScalarFieldContainer[str]
    mode: EgressMode
    def __init__(self, schema_version: _Optional[int] = ..., recorded_egress_derivation_digest: _Optional[str] = ..., https_only: _Optional[bool] = ..., allowed_hosts: _Optional[_Iterable[str]] = ..., mode: _Optional[_Union[EgressMode, str]] = ...) -> None: ...
