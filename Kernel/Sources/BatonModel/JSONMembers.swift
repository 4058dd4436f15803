/// The members of a JSON object, by key.
///
/// Objects of nodes and journals have a handful of members: a sorted array is smaller and faster than a hash table, is the
/// canonical order already, and is the same in every process.
public struct JSONMembers: Hashable, Sendable {
    /// One member.
    struct Member: Hashable, Sendable {
        let key: String
        var value: JSON
    }

    /// Sorted by key, each key once.
    private(set) var members: [Member]

    /// No members.
    public init() { members = [] }

    /// Members in any order.
    ///
    /// - Parameter combine: what becomes of two values under one key.
    public init(_ pairs: some Sequence<(String, JSON)>, uniquingKeysWith combine: (JSON, JSON) -> JSON) {
        self.init()
        for (key, value) in pairs { set(key, to: value, combine) }
    }

    /// The members of a dictionary.
    public init(_ dictionary: [String: JSON]) {
        members = dictionary.map { Member(key: $0.key, value: $0.value) }.sorted { $0.key < $1.key }
    }

    /// Members as they were read; `nil` when a key was given twice.
    init?(unsorted read: [Member]) {
        members = read
        guard read.count > 1, !(1..<read.count).allSatisfy({ read[$0 - 1].key < read[$0].key }) else { return }
        members.sort { $0.key < $1.key }
        for index in members.indices.dropFirst() where members[index - 1].key == members[index].key { return nil }
    }

    /// Every key, sorted.
    public var keys: [String] { members.map(\.key) }
    /// Every value, in the order of the keys.
    public var values: [JSON] { members.map(\.value) }
    /// How many there are.
    public var count: Int { members.count }
    /// Whether there are none.
    public var isEmpty: Bool { members.isEmpty }

    /// The value under a key; setting `nil` takes the member out.
    public subscript(_ key: String) -> JSON? {
        get {
            let place = place(of: key)
            return isThere(key, place) ? members[place].value : nil
        }
        set {
            let place = place(of: key)
            switch (isThere(key, place), newValue) {
            case (true, let value?): members[place].value = value
            case (true, nil): members.remove(at: place)
            case (false, let value?): members.insert(Member(key: key, value: value), at: place)
            case (false, nil): break
            }
        }
    }

    /// These members and others.
    ///
    /// - Parameter combine: (own, other) to the one that stays.
    public func merging(_ others: JSONMembers, uniquingKeysWith combine: (JSON, JSON) -> JSON) -> JSONMembers {
        var merged = self
        merged.merge(others, uniquingKeysWith: combine)
        return merged
    }

    /// Takes other members in.
    ///
    /// - Parameter combine: (own, other) to the one that stays.
    public mutating func merge(_ others: JSONMembers, uniquingKeysWith combine: (JSON, JSON) -> JSON) {
        for other in others.members { set(other.key, to: other.value, combine) }
    }

    private mutating func set(_ key: String, to value: JSON, _ combine: (JSON, JSON) -> JSON) {
        let place = place(of: key)
        guard isThere(key, place) else { return members.insert(Member(key: key, value: value), at: place) }
        members[place].value = combine(members[place].value, value)
    }

    private func isThere(_ key: String, _ place: Int) -> Bool { place < members.count && members[place].key == key }

    /// Where the key is or belongs.
    private func place(of key: String) -> Int {
        var (low, high) = (0, members.count)
        while low < high {
            let middle = (low + high) / 2
            if members[middle].key < key { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension JSONMembers: Sequence {
    /// The members in the order of their keys.
    public func makeIterator() -> some IteratorProtocol<(key: String, value: JSON)> {
        members.lazy.map { (key: $0.key, value: $0.value) }.makeIterator()
    }
}

extension JSONMembers: ExpressibleByDictionaryLiteral {
    /// Members as written in code; of a key given twice the last counts.
    public init(dictionaryLiteral elements: (String, JSON)...) { self.init(elements) { _, last in last } }
}
