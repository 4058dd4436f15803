package import BatonModel

/// A JSON-RPC error.
package struct RPCError: Error, Hashable, Sendable {
    package let code: Int64
    package let message: String
    /// Text of the `data` member, if there is one.
    package let data: String?
    package init(code: Int64, message: String, data: String? = nil) {
        (self.code, self.message, self.data) = (code, message, data)
    }

    /// - Source: JSON-RPC 2.0; conflux-pos.md §1.4.
    package static let methodNotFound = Self(code: -32601, message: "Method not found")
    /// - Source: JSON-RPC 2.0; conflux-pos.md §1.4.
    package static let invalidParams = Self(code: -32602, message: "Invalid params")
    /// - Source: JSON-RPC 2.0; conflux-pos.md §1.4.
    package static let `internal` = Self(code: -32603, message: "Internal error")
    /// - Source: JSON-RPC 2.0.
    package static let parse = Self(code: -32700, message: "Parse error")
    /// - Source: JSON-RPC 2.0.
    package static let invalidRequest = Self(code: -32600, message: "Invalid request")

    /// The error of an operator call in the form of a version.
    ///
    /// - Source: conflux-pos.md §1.4.
    package static func operatorCall(_ text: String, _ version: NodeVersion) -> Self {
        switch version {
        case .v3_0_3:
            Self(code: -32016, message: "Error processing request: Custom error detail: \(text)")
        case .v3_1_0: Self(code: -32603, message: "Internal error", data: text)
        }
    }
}

/// The answer to one call.
package enum RPCReply: Hashable, Sendable {
    case result(JSON)
    case error(RPCError)

    /// The whole JSON-RPC 2.0 answer.
    package func envelope(id: JSON) -> JSON {
        switch self {
        case .result(let value): return ["jsonrpc": "2.0", "id": id, "result": value]
        case .error(let error):
            var members: [String: JSON] = ["code": .integer(error.code), "message": .string(error.message)]
            if let data = error.data { members["data"] = .string(data) }
            return ["jsonrpc": "2.0", "id": id, "error": .object(members)]
        }
    }

    /// The answer as the bytes of an HTTP body.
    package func body(id: JSON) -> [UInt8] { envelope(id: id).canonical }

    /// One line for a transcript: the result, or `error CODE MESSAGE [DATA]`.
    package var line: String {
        switch self {
        case .result(let value): value.text
        case .error(let error): "error \(error.code) \(error.message)" + (error.data.map { " | \($0)" } ?? "")
        }
    }

    /// Reads an answer from the bytes of an HTTP body.
    package init(body: [UInt8]) throws(JSONError) {
        let json = try JSON(parsing: body)
        if let error = json["error"], !error.isNull {
            guard let code = error["code"]?.integer else { throw JSONError("\"code\" is no integer") }
            self = .error(RPCError(code: code, message: try error.text("message"), data: error["data"]?.string))
        } else {
            self = .result(try json.need("result"))
        }
    }
}

/// One call as it arrived.
package struct RPCRequest: Hashable, Sendable {
    package let id: JSON
    package let method: String
    package let params: [JSON]
    package init(id: JSON, method: String, params: [JSON]) { (self.id, self.method, self.params) = (id, method, params) }

    /// Reads the body of a POST; batches are refused, because nothing here sends them.
    ///
    /// - Throws: the error that is to be answered with id `null`.
    package init(body: [UInt8]) throws(RPCError) {
        let json: JSON
        do { json = try JSON(parsing: body) } catch { throw .parse }
        guard let method = json["method"]?.string, json["jsonrpc"] == nil || json["jsonrpc"] == "2.0" else {
            throw .invalidRequest
        }
        let params: [JSON]
        switch json["params"] {
        case nil, .null: params = []
        case .array(let elements): params = elements
        default: throw .invalidParams
        }
        self.init(id: json["id"] ?? .null, method: method, params: params)
    }

    /// The call as the bytes of an HTTP body.
    package var body: [UInt8] {
        (["jsonrpc": "2.0", "id": id, "method": .string(method), "params": .array(params)] as JSON).canonical
    }
}
