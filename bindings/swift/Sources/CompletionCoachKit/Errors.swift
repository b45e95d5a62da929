// Errors as Swift has them: a kind to act on, a reason to show, and a way for an app's own code to fail with one.
import CompletionCoachGenerated
import Foundation

extension CoachError: LocalizedError {
    /// An error of the app's own store, model, transport or token source. The reason is a fixed text: nothing that a person wrote, and no key.
    public init(
        _ kind: ErrorKind, _ reason: String, retryAfter: TimeInterval? = nil, permanent: Bool = false, attempts: UInt32? = nil,
        requestId: String? = nil
    ) {
        let details = ErrorDetails(
            reason: reason, retryAfter: retryAfter, permanent: permanent, attempts: attempts, requestId: requestId)
        self = switch kind {
        case .notFound: .NotFound(details: details)
        case .invalidInput: .InvalidInput(details: details)
        case .wrongStatus: .WrongStatus(details: details)
        case .busy: .Busy(details: details)
        case .conflict: .Conflict(details: details)
        case .allowanceSpent: .AllowanceSpent(details: details)
        case .debriefOver: .DebriefOver(details: details)
        case .consentNeeded: .ConsentNeeded(details: details)
        case .handedOver: .HandedOver(details: details)
        case .modelUnavailable: .ModelUnavailable(details: details)
        case .modelRefused: .ModelRefused(details: details)
        case .replyIncomplete: .ReplyIncomplete(details: details)
        case .requestRejected: .RequestRejected(details: details)
        case .unauthorised: .Unauthorised(details: details)
        case .storageFull: .StorageFull(details: details)
        case .storageUnavailable: .StorageUnavailable(details: details)
        case .storageDamaged: .StorageDamaged(details: details)
        case .storageNewer: .StorageNewer(details: details)
        case .cancelled: .Cancelled(details: details)
        case .internal: .Internal(details: details)
        }
    }

    /// What an app can act on.
    public var kind: ErrorKind { parts.0 }
    /// Everything that is known of it.
    public var details: ErrorDetails { parts.1 }
    /// Why, and what to do.
    public var reason: String { details.reason }
    /// How many seconds to wait before calling again, where that is known.
    public var retryAfter: TimeInterval? { details.retryAfter }
    /// The reason, so that `localizedDescription` is that too.
    public var errorDescription: String? { reason }

    private var parts: (ErrorKind, ErrorDetails) {
        switch self {
        case .NotFound(let details): (.notFound, details)
        case .InvalidInput(let details): (.invalidInput, details)
        case .WrongStatus(let details): (.wrongStatus, details)
        case .Busy(let details): (.busy, details)
        case .Conflict(let details): (.conflict, details)
        case .AllowanceSpent(let details): (.allowanceSpent, details)
        case .DebriefOver(let details): (.debriefOver, details)
        case .ConsentNeeded(let details): (.consentNeeded, details)
        case .HandedOver(let details): (.handedOver, details)
        case .ModelUnavailable(let details): (.modelUnavailable, details)
        case .ModelRefused(let details): (.modelRefused, details)
        case .ReplyIncomplete(let details): (.replyIncomplete, details)
        case .RequestRejected(let details): (.requestRejected, details)
        case .Unauthorised(let details): (.unauthorised, details)
        case .StorageFull(let details): (.storageFull, details)
        case .StorageUnavailable(let details): (.storageUnavailable, details)
        case .StorageDamaged(let details): (.storageDamaged, details)
        case .StorageNewer(let details): (.storageNewer, details)
        case .Cancelled(let details): (.cancelled, details)
        case .Internal(let details): (.internal, details)
        }
    }
}
