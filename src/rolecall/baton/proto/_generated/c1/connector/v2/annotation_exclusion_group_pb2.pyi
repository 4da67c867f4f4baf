from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class EntitlementExclusionGroup(_message.Message):
    __slots__ = ("exclusion_group_id", "order", "is_default", "scope_to_resource")
    EXCLUSION_GROUP_ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_FIELD_NUMBER: _ClassVar[int]
    IS_DEFAULT_FIELD_NUMBER: _ClassVar[int]
    SCOPE_TO_RESOURCE_FIELD_NUMBER: _ClassVar[int]
    exclusion_group_id: str
    order: int
    is_default: bool
    scope_to_resource: bool
    def __init__(self, exclusion_group_id: _Optional[str] = ..., order: _Optional[int] = ..., is_default: _Optional[bool] = ..., scope_to_resource: _Optional[bool] = ...) -> None: ...
