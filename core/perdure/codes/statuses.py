"""The families that perdure itself brings, with the codes and descriptions of the IGNIS status-code reference."""

from __future__ import annotations

from perdure.codes.code import StatusCode
from perdure.codes.family import StatusFamily


class Statuses(StatusFamily, name="statuses"):
    """The universal codes: 36 states that entities of all kinds go through."""

    UNKNOWN = StatusCode("000_UNKNOWN", "Unknown or uninitialized state")
    DRAFT = StatusCode("001_DRAFT", "Draft state, not yet finalized")

    NEW = StatusCode("100_NEW", "Newly created, not yet processed")
    QUEUED = StatusCode("101_QUEUED", "Queued for processing")
    SCHEDULED = StatusCode("102_SCHEDULED", "Scheduled for future execution")
    PENDING = StatusCode("103_PENDING", "Awaiting action or decision")
    IN_REVIEW = StatusCode("104_IN_REVIEW", "Under review or approval process")

    ENABLED = StatusCode("200_ENABLED", "Feature or entity is enabled")
    ACTIVATED = StatusCode("201_ACTIVATED", "Account or service is active")
    RUNNING = StatusCode("202_RUNNING", "Process is currently running")
    PROCESSING = StatusCode("203_PROCESSING", "Being actively processed")
    SENT = StatusCode("204_SENT", "Message/item has been sent")
    RECEIVED = StatusCode("205_RECEIVED", "Message/item has been received")

    PARTIAL = StatusCode("300_PARTIAL", "Partially completed")
    APPROVED = StatusCode("301_APPROVED", "Approved by reviewer")
    SUCCESS = StatusCode("302_SUCCESS", "Successfully completed")
    COMPLETED = StatusCode("303_COMPLETED", "Fully completed")
    SETTLED = StatusCode("304_SETTLED", "Finalized or settled")
    CONFIRMED = StatusCode("305_CONFIRMED", "Confirmed by user or system")

    DISABLED = StatusCode("400_DISABLED", "Feature or entity is disabled")
    DEACTIVATED = StatusCode("401_DEACTIVATED", "Account or service is deactivated")
    SUSPENDED = StatusCode("402_SUSPENDED", "Temporarily suspended")
    BLOCKED = StatusCode("403_BLOCKED", "Access blocked (e.g., banned user)")
    CLOSED = StatusCode("404_CLOSED", "Closed but can be reopened")
    ARCHIVED = StatusCode("405_ARCHIVED", "Archived for record keeping")
    PAUSED = StatusCode("406_PAUSED", "Paused, can be resumed")
    REVOKED = StatusCode("407_REVOKED", "Permission or access revoked")
    REFUNDED = StatusCode("408_REFUNDED", "Payment or transaction refunded")

    FAIL = StatusCode("500_FAIL", "General failure")
    EXPIRED = StatusCode("501_EXPIRED", "Expired and no longer valid")
    TIMEOUT = StatusCode("502_TIMEOUT", "Operation timed out")
    SKIPPED = StatusCode("503_SKIPPED", "Intentionally skipped")
    ABORTED = StatusCode("504_ABORTED", "Aborted by system")
    CANCELLED = StatusCode("505_CANCELLED", "Cancelled by user/admin")
    DELETED = StatusCode("506_DELETED", "Soft deleted")
    REJECTED = StatusCode("507_REJECTED", "Rejected by reviewer")


class CommonStatuses(StatusFamily, name="common"):
    """The codes that users, roles and many other entities share."""

    UNKNOWN = Statuses.UNKNOWN
    ACTIVATED = Statuses.ACTIVATED
    DEACTIVATED = Statuses.DEACTIVATED
    BLOCKED = Statuses.BLOCKED
    ARCHIVED = Statuses.ARCHIVED
