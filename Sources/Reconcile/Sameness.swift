import Commerce

extension PartForm {
    /// Whether two values of a part of this form are the same. Members of a set and entries of a log have no order;
    /// everything else is compared as it stands. Absent (nil) equals only absent.
    func areSame(_ left: JSON?, _ right: JSON?) -> Bool {
        if left == right { return true }
        guard self == .set || self == .log, case .array(let some)? = left, case .array(let others)? = right else {
            return false
        }
        return Set(some) == Set(others)
    }
}
