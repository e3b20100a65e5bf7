import Commerce
import Testing

@Suite("Parts")
struct PartsTests {
    @Test func aPartIsAbsentNullOrAValue() {
        var parts = Parts()
        #expect(parts["name"] == nil)
        #expect(parts[ProductPart.name] == nil)

        parts[ProductPart.name] = nil
        #expect(parts["name"] == .null)
        #expect(parts[ProductPart.name] == nil)

        parts[ProductPart.name] = "Tea"
        #expect(parts["name"] == "Tea")
        #expect(parts[ProductPart.name] == "Tea")

        parts["name"] = nil
        #expect(parts.values.isEmpty)
    }

    @Test func absentAndNullAreDifferent() {
        #expect(Parts() != Parts(["name": .null]))
    }

    @Test func aRequiredPartSaysWhatIsMissingOrWrong() throws {
        #expect(try Parts(["name": "Tea"]).required(ProductPart.name) == "Tea")
        for parts in [Parts(), Parts(["name": .null])] {
            #expect(throws: PartError("name is missing")) { try parts.required(ProductPart.name) }
        }
        #expect(throws: PartError("name: expected a text, found 5")) {
            try Parts(["name": 5]).required(ProductPart.name)
        }
        #expect(throws: PartError.self) { try Parts(["price": ["currency": "XX"]]).required(ProductPart.price) }
    }

    @Test func aPartOfAnotherTypeIsNilNotATrap() {
        #expect(Parts(["name": 5])[ProductPart.name] == nil)
        #expect(Parts(["tags": ["a", 1]])[ProductPart.tags] == nil)
        #expect(Parts(["isGuest": "true"])[CustomerPart.isGuest] == nil)
        #expect(Parts(["categories": [["kind": "nothing", "external": "1"]]])[ProductPart.categories] == nil)
    }

    @Test func everyKindNamesItsPartsOnce() {
        for kind in RecordKind.allCases {
            let names = kind.parts.map(\.name)
            #expect(!names.isEmpty && Set(names).count == names.count, "\(kind)")
            for shape in kind.parts { #expect(kind.shape(of: shape.name) == shape) }
            #expect(kind.shape(of: "unheard-of") == PartShape("unheard-of"))
        }
    }

    @Test func theFormOfAPartFitsTheNatureOfItsKind() {
        for kind in RecordKind.allCases {
            for shape in kind.parts {
                let isOfDocuments = [.content, .state, .log].contains(shape.form)
                #expect(isOfDocuments == (kind.nature == .document), "\(kind).\(shape.name)")
            }
        }
    }
}

@Suite("References")
struct ReferenceTests {
    @Test(arguments: [
        Reference.external(.category, "31"), .external(.customer, ""), .external(.product, "a \"b\""),
        .record(.order, 17),
        .record(.account, 1 << 52),
    ])
    func aReferenceReadsBackFromItsJSON(reference: Reference) throws {
        #expect(try Reference(json: reference.json) == reference)
        #expect(try Reference(json: JSON(parsing: reference.json.bytes)) == reference)
    }

    @Test func itsFormsAreFixed() {
        #expect(Reference.external(.category, "31").json.text == #"{"external":"31","kind":"category"}"#)
        #expect(Reference.record(.category, 17).json.text == #"{"kind":"category","record":17}"#)
        #expect(Reference.record(.category, 17).kind == .category)
    }

    @Test(arguments: [
        JSON.null, "31", ["kind": "category"], ["kind": "nothing", "external": "1"], ["external": "1"],
        ["kind": "category", "external": 31], ["kind": "category", "record": "17"],
        ["kind": "category", "record": .number("1.5")],
    ])
    func anotherShapeIsRefused(json: JSON) {
        #expect(throws: PartError.self) { try Reference(json: json) }
    }
}
