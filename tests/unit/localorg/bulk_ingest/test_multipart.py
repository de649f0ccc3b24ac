from localorg.bulk_ingest.multipart import parts_of


def test_parts_keep_their_bytes() -> None:
    body = (
        b'--B\r\nContent-Disposition: form-data; name="job"\r\n\r\n{}\r\n'
        b'--B\r\nContent-Type: text/csv\r\nContent-Disposition: form-data; name="content"; '
        b'filename="c"\r\n\r\na,b\n1,"x\r\ny"\n\r\n--B--\r\n'
    )
    parts = parts_of("multipart/form-data; boundary=B", body)
    assert parts == {"job": b"{}", "content": b'a,b\n1,"x\r\ny"\n'}
