@_exported import Commerce

extension JSON: JSONBody {}
