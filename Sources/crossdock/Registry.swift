import ConnectorKit
import Custom
import GnuCash
import WooCommerce

/// The connectors this program knows. One line each; `make connector NAME=X` adds one.
enum Registry {
    static let connectors: [any ConnectorType.Type] = [
        Custom.self,
        GnuCash.self,
        WooCommerce.self,
    ]
}
