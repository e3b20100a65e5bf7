@_exported import Commerce

extension JSON: JSONBody {}
extension JSONText: JSONBody {}
